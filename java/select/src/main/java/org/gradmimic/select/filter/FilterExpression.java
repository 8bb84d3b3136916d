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
 * Set algebra on named filters, such as {@code clip_top30 & !mimic_bottom15}. Operators, the tightest first, as Python
 * has them for sets: {@code !} not, {@code -} minus, {@code &} and, {@code |} or; the same ones from the left; parentheses.
 * A name is letters, digits, {@code _} and {@code .}, and begins with a letter or {@code _}.
 */
public final class FilterExpression {
    /** Deeper nesting than a person writes; the parser is recursive. */
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
     * @throws InputException if it is none; names the column, from 1
     */
    public static FilterExpression parse(String text) {
        return new FilterExpression(text);
    }

    /** Whether a text could name a filter in an expression. */
    public static boolean isName(String text) {
        if (text.isEmpty() || !isNameStart(text.charAt(0))) {
            return false;
        }
        return text.chars().allMatch(c -> isNamePart((char) c));
    }

    /** The names in it, in their order. */
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    /**
     * Computes the expression's filter.
     *
     * @param filters gives every name's filter, all over the same samples
     */
    public Filter evaluate(Function<String, Filter> filters) {
        return root.evaluate(filters);
    }

    /**
     * Whether a sample that is in none of the filters is kept, as in {@code !a}. The result is then no list that could be
     * made from the lists of the filters alone: it depends on what else is in the pool.
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

    /** Operands of one operator, from the left. They are one node, so that thousands of them take no more stack than two. */
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
            throw unexpected("at most " + MAX_DEPTH + " operators and parentheses in each other");
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
        atEnd(); // to the next symbol, so that an error points there
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
