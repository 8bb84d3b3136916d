package org.gradmimic.io.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradmimic.base.SettingException;
import org.junit.jupiter.api.Test;

class SettingTest {
    private enum Kind {
        PLAIN,
        TWO_WORDS
    }

    private static final Setting<Kind> KIND =
            Setting.choice("kind", "K", "A kind", Kind.class).defaultsTo(Kind.PLAIN);
    private static final Setting<Double> RATE =
            Setting.real("learning-rate", "X", "A rate").notNegative().defaultsTo(0.5);
    private static final Setting<Integer> COUNT = Setting.whole("count", "N", "A count")
            .positive()
            .ignoredBy(values -> values.get(KIND) == Kind.PLAIN ? "kind " + values.get(KIND) : null);
    private static final Setting<Boolean> FAST = Setting.flag("fast", "Fast")
            .ignoredBy(values -> values.get(KIND) == Kind.PLAIN ? "kind " + values.get(KIND) : null);
    private static final SettingGroup GROUP = SettingGroup.of(KIND, RATE, COUNT, FAST);

    private static SettingValues none() {
        return SettingValues.of(GROUP);
    }

    @Test
    void aValueIsTheOneGivenOrElseTheDefault() {
        assertThat(none().get(RATE)).isEqualTo(0.5);
        assertThat(none().with(RATE, 2.0).get(RATE)).isEqualTo(2);
        assertThat(none().get(FAST)).isFalse();
        assertThatThrownBy(() -> none().get(COUNT))
                .isInstanceOf(SettingException.class)
                .hasMessage("count is missing");
        assertThatThrownBy(() -> none().requireAll()).hasMessage("count is missing");
    }

    @Test
    void aSettingOutsideTheGroupCanNeitherBeGivenNorRead() {
        Setting<Integer> forgotten =
                Setting.whole("forgotten", "N", "Forgotten").defaultsTo(1);
        assertThatThrownBy(() -> none().get(forgotten))
                .hasMessageContaining("forgotten is not in the list of settings");
        assertThatThrownBy(() -> none().with(forgotten, 2)).hasMessageContaining("forgotten is not in the list");
        assertThatThrownBy(() -> SettingGroup.of(RATE, RATE)).hasMessageContaining("two settings named learning-rate");
    }

    @Test
    void invalidValuesAreNamedAsTheCallerNamesTheSetting() {
        assertThatThrownBy(() -> none().with(RATE, -1.0))
                .hasMessage("learning-rate is -1.0; it must be 0 or more")
                .isInstanceOfSatisfying(
                        SettingException.class,
                        e -> assertThat(e.message(name -> "--" + name))
                                .isEqualTo("--learning-rate is -1.0; it must be 0 or more"));
        assertThatThrownBy(() -> none().with(RATE, Double.NaN)).hasMessageContaining("it must be finite");
        assertThatThrownBy(() -> none().with(RATE, Double.POSITIVE_INFINITY)).hasMessageContaining("finite");
        assertThatThrownBy(() -> none().with(COUNT, 0)).hasMessageContaining("it must be positive");
    }

    @Test
    void textGivesTheValueItWasMadeFrom() {
        assertThat(RATE.parse(RATE.format(1e-4))).isEqualTo(1e-4);
        assertThat(COUNT.parse("7")).isEqualTo(7);
        assertThat(KIND.parse("two-words")).isEqualTo(Kind.TWO_WORDS);
        assertThat(KIND.parse("Two_Words")).isEqualTo(Kind.TWO_WORDS);
        assertThat(FAST.parse("true")).isTrue();
        assertThatThrownBy(() -> KIND.parse("three")).hasMessage("'three' is not one of PLAIN, TWO_WORDS");
        assertThatThrownBy(() -> COUNT.parse("3000000000")).hasMessageContaining("3000000000 is outside");
        assertThatThrownBy(() -> COUNT.parse("many")).hasMessageContaining("'many' is not a whole number");
        assertThatThrownBy(() -> RATE.parse("fast")).hasMessageContaining("'fast' is not a number");
        assertThatThrownBy(() -> FAST.parse("1")).hasMessageContaining("neither true nor false");
    }

    @Test
    void settingsThatWereGivenAndAreNotUsedAreNamedTogether() {
        SettingValues given = none().with(COUNT, 3).with(FAST, true);
        assertThat(given.ignored()).hasToString("[kind PLAIN ignores count, fast]");
        assertThat(given.with(KIND, Kind.TWO_WORDS).ignored()).isEmpty();
        assertThat(none().with(RATE, 1.0).ignored()).isEmpty();
    }
}
