package org.gradmimic.select.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expressions against Java's own operators, on all eight combinations of three filters. */
class FilterExpressionTest {
    private static final Filter A = Filter.of(new boolean[] {false, true, false, true, false, true, false, true});
    private static final Filter B = Filter.of(new boolean[] {false, false, true, true, false, false, true, true});
    private static final Filter C = Filter.of(new boolean[] {false, false, false, false, true, true, true, true});
    private static final Map<String, Filter> FILTERS = Map.of("a", A, "b", B, "c", C, "clip_top30", A, "m.2", B);

    private static Filter evaluate(String text) {
        return FilterExpression.parse(text).evaluate(FILTERS::get);
    }

    private interface Truth {
        boolean of(boolean a, boolean b, boolean c);
    }

    private static void assertMeans(String text, Truth truth) {
        boolean[] expected = new boolean[8];
        for (int i = 0; i < 8; i++) {
            expected[i] = truth.of((i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
        }
        assertThat(evaluate(text).toBooleans()).as(text).containsExactly(expected);
    }

    @Test
    void bindsAsPythonsSetsDo() {
        assertMeans("a", (a, b, c) -> a);
        assertMeans("!a", (a, b, c) -> !a);
        assertMeans("!!a", (a, b, c) -> a);
        assertMeans("a & b", (a, b, c) -> a && b);
        assertMeans("a|b", (a, b, c) -> a || b);
        assertMeans("a - b", (a, b, c) -> a && !b);
        assertMeans("a | b & c", (a, b, c) -> a || b && c);
        assertMeans("a & b | c", (a, b, c) -> a && b || c);
        assertMeans("(a | b) & c", (a, b, c) -> (a || b) && c);
        assertMeans("a - b & c", (a, b, c) -> a && !b && c);
        assertMeans("a - (b & c)", (a, b, c) -> a && !(b && c));
        assertMeans("a - b - c", (a, b, c) -> a && !b && !c);
        assertMeans("a - (b - c)", (a, b, c) -> a && !(b && !c));
        assertMeans("!a & b", (a, b, c) -> !a && b);
        assertMeans("!(a & b)", (a, b, c) -> !(a && b));
        assertMeans("a - !b", (a, b, c) -> a && b);
        assertMeans("  ( clip_top30 )&! m.2\t", (a, b, c) -> a && !b);
    }

    @Test
    void aLongChainTakesNoMoreStackThanAShortOne() throws Exception {
        for (String operator : new String[] {"&", "|", "-"}) {
            String text = "a" + (operator + "b").repeat(100_000);
            Filter[] made = new Filter[1];
            Thread narrow = new Thread(null, () -> made[0] = evaluate(text), "narrow", 256 << 10);
            narrow.start();
            narrow.join();
            assertThat(made[0]).as(operator).isEqualTo(evaluate("a" + operator + "b"));
        }
    }

    @Test
    void randomExpressionsMeanWhatTheirTreesMean() {
        Random random = new Random(11);
        for (int i = 0; i < 2000; i++) {
            StringBuilder text = new StringBuilder();
            Truth truth = random(random, 4, text);
            assertMeans(text.toString(), truth);
        }
    }

    /** Fully in parentheses, so that precedence plays no part. */
    private static Truth random(Random random, int depth, StringBuilder text) {
        int kind = depth == 0 ? 0 : random.nextInt(5);
        if (kind == 0) {
            int name = random.nextInt(3);
            text.append("abc".charAt(name));
            return (a, b, c) -> name == 0 ? a : name == 1 ? b : c;
        }
        if (kind == 1) {
            text.append("!(");
            Truth x = random(random, depth - 1, text);
            text.append(")");
            return (a, b, c) -> !x.of(a, b, c);
        }
        text.append("(");
        Truth x = random(random, depth - 1, text);
        text.append(kind == 2 ? " & " : kind == 3 ? "|" : " -");
        Truth y = random(random, depth - 1, text);
        text.append(")");
        return (a, b, c) -> switch (kind) {
            case 2 -> x.of(a, b, c) && y.of(a, b, c);
            case 3 -> x.of(a, b, c) || y.of(a, b, c);
            default -> x.of(a, b, c) && !y.of(a, b, c);
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "``;1;the end;a filter's name, ! or (",
                "`  `;3;the end;a filter's name",
                "a &;4;the end;a filter's name",
                "a & & b;5;'&';a filter's name",
                "a b;3;'b';an operator (& | -) or the end",
                "(a | b;7;the end;an operator (& | -) or )",
                "a) & b;2;')';an operator",
                "a & 2b;5;'2';a filter's name",
                "a && b;4;'&';a filter's name",
                "a ! b;3;'!';an operator",
                "a + b;3;'+';an operator",
                "é;1;'é';a filter's name"
            })
    void errorsPointAtThePlace(String text, int column, String found, String expected) {
        assertThatThrownBy(() -> FilterExpression.parse(text))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        "expression \"" + text + "\", column " + column + ": found " + found + ", expected " + expected)
                .hasMessageMatching("[^\\n]*");
    }

    @Test
    void nestingHasAnEnd() {
        assertThat(evaluate("(".repeat(99) + "a" + ")".repeat(99))).isEqualTo(A);
        assertThatThrownBy(() -> evaluate("(".repeat(100_000) + "a"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("column 102: found '(', expected at most 100");
    }

    @Test
    void namesAreKnownInTheirOrder() {
        assertThat(FilterExpression.parse("b & a | !(c - b)").names()).containsExactly("b", "a", "c");
        assertThat(FilterExpression.isName("clip_top30.x")).isTrue();
        assertThat(FilterExpression.isName("30")).isFalse();
        assertThat(FilterExpression.isName("a-b")).isFalse();
        assertThat(FilterExpression.isName("")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "a, false",
        "!a, true",
        "a & !b, false",
        "a | !b, true",
        "a - b, false",
        "!(a | b), true",
        "!(a - b), true"
    })
    void saysWhetherTheUnlistedAreKept(String text, boolean kept) {
        assertThat(FilterExpression.parse(text).keepsTheUnlisted()).isEqualTo(kept);
    }
}
