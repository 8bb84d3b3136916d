package org.gradmimic.io.npy;

import java.math.BigInteger;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the dictionary of a {@code .npy} header as NumPy does: a Python literal with exactly the keys {@code descr},
 * {@code fortran_order} and {@code shape}, in any order. If a key occurs twice, the last value counts.
 *
 * <p>A header that NumPy rejects is rejected. Only those forms of Python's literals are read that some version of NumPy writes: no
 * escapes in strings, only decimal numbers, no comments.
 */
final class NpyDictionary {
    private static final int MAX_DEPTH = 4;
    private static final Set<String> KEYS = Set.of("descr", "fortran_order", "shape");

    /** A string, a list or a tuple of strings, numbers, lists and tuples. */
    private @Nullable Object descr;

    private String descrText = "";
    private boolean columnMajor;
    private BigInteger[] shape = {};

    private final String text;
    private int at;

    private NpyDictionary(String text) {
        this.text = text;
    }

    private record Tuple(List<Object> elements) {}

    /** Throws if the text is not such a dictionary. */
    static NpyDictionary parse(String text) throws ParseException {
        NpyDictionary dictionary = new NpyDictionary(text);
        dictionary.read();
        return dictionary;
    }

    /** The type as text: what is between the quotes, or the whole list of a structured type. */
    String descr() {
        return descr instanceof String simple ? simple : descrText;
    }

    /** Whether the type is structured. */
    boolean isStructured() {
        return !(descr instanceof String);
    }

    boolean columnMajor() {
        return columnMajor;
    }

    /** The shape's numbers, however large, possibly negative. */
    BigInteger[] shape() {
        return shape;
    }

    private void read() throws ParseException {
        Set<String> seen = new HashSet<>();
        take('{');
        while (!taken('}')) {
            String key = string();
            if (!KEYS.contains(key)) throw malformed();
            seen.add(key);
            take(':');
            skipSpace();
            int from = at;
            Object value = value(1);
            switch (key) {
                case "descr" -> {
                    if (!(value instanceof String || value instanceof List || value instanceof Tuple))
                        throw malformed();
                    descr = value;
                    descrText = text.substring(from, at);
                }
                case "fortran_order" -> {
                    if (!(value instanceof Boolean order)) throw malformed();
                    columnMajor = order;
                }
                default -> shape = numbers(value);
            }
            if (!taken(',')) {
                take('}');
                break;
            }
        }
        skipSpace();
        if (at < text.length() || !seen.equals(KEYS)) throw malformed();
    }

    private ParseException malformed() {
        return new ParseException("malformed", at);
    }

    private BigInteger[] numbers(Object value) throws ParseException {
        if (!(value instanceof Tuple tuple)) throw malformed();
        BigInteger[] numbers = new BigInteger[tuple.elements().size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(tuple.elements().get(i) instanceof BigInteger number)) throw malformed();
            numbers[i] = number;
        }
        return numbers;
    }

    private Object value(int depth) throws ParseException {
        if (depth > MAX_DEPTH) throw malformed();
        skipSpace();
        char c = peek();
        if (c == '\'' || c == '"') return string();
        if (c == '[') return new ArrayList<>(elements('[', ']', depth).elements());
        if (c == '(') return tuple(depth);
        if (word("True")) return true;
        if (word("False")) return false;
        return number();
    }

    /** In Python {@code (3)} is the number, {@code (3,)} the tuple. */
    private Object tuple(int depth) throws ParseException {
        int from = at;
        Tuple tuple = elements('(', ')', depth);
        boolean comma = text.substring(from, at - 1).stripTrailing().endsWith(",");
        return tuple.elements().size() == 1 && !comma ? tuple.elements().get(0) : tuple;
    }

    private Tuple elements(char open, char close, int depth) throws ParseException {
        take(open);
        List<Object> elements = new ArrayList<>();
        while (!taken(close)) {
            elements.add(value(depth + 1));
            if (!taken(',')) {
                take(close);
                break;
            }
        }
        return new Tuple(elements);
    }

    private BigInteger number() throws ParseException {
        int from = at;
        if (peek() == '-') at++;
        int digits = at;
        while (peek() >= '0' && peek() <= '9') at++;
        // Python refuses leading zeros.
        if (at == digits || at - digits > 1 && text.charAt(digits) == '0') throw malformed();
        String number = text.substring(from, at);
        if (peek() == 'L') at++; // Python 2 wrote long integers so
        return new BigInteger(number);
    }

    private String string() throws ParseException {
        skipSpace();
        char quote = peek();
        if (quote != '\'' && quote != '"') throw malformed();
        int end = text.indexOf(quote, at + 1);
        if (end < 0) throw malformed();
        String string = text.substring(at + 1, end);
        if (string.indexOf('\\') >= 0 || string.indexOf('\n') >= 0) throw malformed();
        at = end + 1;
        return string;
    }

    private boolean word(String word) {
        if (!text.startsWith(word, at)) return false;
        int end = at + word.length();
        if (end < text.length() && Character.isJavaIdentifierPart(text.charAt(end))) return false;
        at = end;
        return true;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\n\r\f".indexOf(text.charAt(at)) >= 0) at++;
    }

    /** The next character, 0 at the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    private void take(char expected) throws ParseException {
        if (!taken(expected)) throw malformed();
    }

    private boolean taken(char c) {
        skipSpace();
        if (at >= text.length() || text.charAt(at) != c) return false;
        at++;
        return true;
    }
}
