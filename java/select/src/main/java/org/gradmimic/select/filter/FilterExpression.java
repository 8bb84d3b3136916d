package org.gradmimic.select.filter;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.Supplier;
import org.gradmimic.base.InputException;

/**
 * Set algebra on named filters, such as {@code clip_top30 & !mimic_bottom15}. The operators, from the tightest to the
 * loosest binding, are {@code !} (not), {@code -} (minus), {@code &} (and) and {@code |} (or). This is the precedence
 * that Python has for sets. Equal operators associate to the left, and parentheses group. A name consists of letters,
 * digits, {@code _} and {@code .}, and begins with a letter or {@code _}.
 */
public final class FilterExpression {
    /** Deeper nesting than a person writes. The parser is recursive, so it needs a limit. */
    private static final int MAX_DEPTH = 100;

    private final String text;
    private final Node root;
    private final Set<String> names = new LinkedHashSet<>();
    private int at;
    private int depth;

    private FilterExpression(String text) {
        this.text = text;
        this.root = union();
        if (!atEnd()) {
            throw unexpected("an operator (& | -) or the end");
        }
    }

    /**
     * @param text the expression
     * @throws InputException if the text is not an expression; the message names the column, counted from 1
     */
    public static FilterExpression parse(String text) {
        return new FilterExpression(text);
    }

    /** Whether a text is a valid name of a filter in an expression. */
    public static boolean isName(String text) {
        if (text.isEmpty() || !isNameStart(text.charAt(0))) {
            return false;
        }
        return text.chars().allMatch(c -> isNamePart((char) c));
    }

    /** The names in the expression, in order of occurrence. */
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    /**
     * Evaluates the expression.
     *
     * @param filters returns the filter of a name; all filters cover the same samples
     */
    public Filter evaluate(Function<String, Filter> filters) {
        return root.evaluate(filters);
    }

    /**
     * Whether a sample that is in none of the filters is kept, as in {@code !a}. The result then depends on what else
     * is in the pool, and cannot be computed from the lists of the filters alone.
     */
    public boolean keepsTheUnlisted() {
        return evaluate(name -> Filter.none(1)).keeps(0);
    }

    @Override
    public String toString() {
        return text;
    }

    private interface Node {
        Filter evaluate(Function<String, Filter> filters);
    }

    private Node union() {
        return chain('|', this::intersection, Filter::or);
    }

    private Node intersection() {
        return chain('&', this::difference, Filter::and);
    }

    private Node difference() {
        return chain('-', this::unary, Filter::minus);
    }

    /** Operands of one operator, from the left. They form one node, so thousands of them use no more stack than two. */
    private Node chain(char symbol, Supplier<Node> operand, BinaryOperator<Filter> operation) {
        Node first = operand.get();
        List<Node> others = new ArrayList<>();
        while (taken(symbol)) {
            others.add(operand.get());
        }
        if (others.isEmpty()) {
            return first;
        }
        return filters -> {
            Filter result = first.evaluate(filters);
            for (Node other : others) {
                result = operation.apply(result, other.evaluate(filters));
            }
            return result;
        };
    }

    private Node unary() {
        if (taken('!')) {
            Node operand = nested(this::unary);
            return filters -> operand.evaluate(filters).not();
        }
        if (taken('(')) {
            Node inner = nested(this::union);
            if (!taken(')')) {
                throw unexpected("an operator (& | -) or )");
            }
            return inner;
        }
        return name();
    }

    private Node nested(Supplier<Node> part) {
        if (++depth > MAX_DEPTH) {
            throw unexpected("at most " + MAX_DEPTH + " nested operators and parentheses");
        }
        Node node = part.get();
        depth--;
        return node;
    }

    private Node name() {
        int start = at;
        while (at < text.length() && isNamePart(text.charAt(at))) {
            at++;
        }
        String name = text.substring(start, at);
        if (!isName(name)) {
            at = start;
            throw unexpected("a filter's name, ! or (");
        }
        names.add(name);
        return filters -> filters.apply(name);
    }

    private boolean taken(char symbol) {
        if (atEnd() || text.charAt(at) != symbol) {
            return false;
        }
        at++;
        atEnd(); // skips to the next symbol, so that an error points there
        return true;
    }

    private boolean atEnd() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at == text.length();
    }

    private InputException unexpected(String expected) {
        String found = atEnd() ? "the end" : "'" + text.charAt(at) + "'";
        return new InputException(
                "expression \"" + text + "\", column " + (at + 1) + ": found " + found + ", expected " + expected);
    }

    private static boolean isNameStart(char c) {
        return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    private static boolean isNamePart(char c) {
        return isNameStart(c) || c == '.' || c >= '0' && c <= '9';
    }
}
