package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void numbersAreRightAlignedAndWordsLeftAligned() {
        Table table = new Table("mode", "epoch", "accuracy")
                .add("sgd", 1, 0.87654321)
                .add("grad-match", 10, null)
                .add("a", 100L, Double.NaN);
        assertThat(print(table)).isEqualToNormalizingNewlines("""
                        mode        epoch  accuracy
                        sgd             1    0.8765
                        grad-match     10
                        a             100       NaN
                        """);
    }

    @Test
    void aTableWithoutRowsIsItsHeading() {
        assertThat(print(new Table("a", "b"))).isEqualToNormalizingNewlines("a  b\n");
    }

    @Test
    void aRowFillsEveryColumn() {
        assertThatThrownBy(() -> new Table("a", "b").add(1))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessage("1 cells in a table of 2 columns");
    }

    private static String print(Table table) {
        StringWriter out = new StringWriter();
        table.print(new PrintWriter(out));
        return out.toString();
    }
}
