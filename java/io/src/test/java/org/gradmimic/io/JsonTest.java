package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void readsValues() {
        assertThat(Json.value("{\"b\": [1, 2.5, \"x\\u0041\", true, null], \"a\": {}}"))
                .isEqualTo(Map.of("b", Arrays.asList(1, 2.5, "xA", true, null), "a", Map.of()));
        assertThat(Json.tree("[3]").get(0).asInt()).isEqualTo(3);
        assertThat(Json.compact(Map.of("a", List.of(1, 2)))).isEqualTo("{\"a\":[1,2]}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":1,\"a\":2}",
                "{\"x\":{\"a\":1,\"a\":1}}",
                "{} {}",
                "[1] x",
                "{\"a\":1,}",
                "[01]",
                "[NaN]",
                "{'a':1}",
                "[1",
                ""
            })
    void invalidJsonIsRefused(String text) {
        assertThatThrownBy(() -> Json.value(text))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageStartingWith("is not valid JSON: ")
                .hasMessageNotContainingAny("\n");
        assertThatThrownBy(() -> Json.tree(text)).isInstanceOf(InvalidArgumentException.class);
    }

    @Test
    void deepNestingIsRefused() {
        assertThatThrownBy(() -> Json.value("[".repeat(100_000))).isInstanceOf(InvalidArgumentException.class);
    }

    @Test
    void namesThePlace() {
        assertThatThrownBy(() -> Json.value("{\n \"a\": x}")).hasMessageContaining("line 2, column 7");
    }
}
