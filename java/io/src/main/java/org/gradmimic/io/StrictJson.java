package org.gradmimic.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InvalidArgumentException;

/**
 * The part of JSON that a safetensors header is made of: objects, lists, texts, and whole numbers from 0 up. Whatever
 * else, a name that comes twice, and nesting beyond what a header can have is refused.
 */
public final class StrictJson {
    private static final int MAX_DEPTH = 4;

    private final String text;
    private int at;

    private StrictJson(String text) {
        this.text = text;
    }

    /**
     * @param text an object, spaces after it allowed
     * @return values are {@link Map}, {@link List}, {@link String} or {@link Long}
     * @throws InvalidArgumentException if it isn't; names the place
     */
    public static Map<String, Object> object(String text) {
        StrictJson json = new StrictJson(text);
        if (text.isEmpty() || text.charAt(0) != '{') throw json.unexpected("{");
        Map<String, Object> object = json.object(1);
        json.space();
        if (json.at < text.length()) throw json.unexpected("the header's end");
        return object;
    }

    private Object value(int depth) {
        if (depth > MAX_DEPTH) throw unexpected("less nesting");
        space();
        return switch (peek()) {
            case '{' -> object(depth);
            case '[' -> list(depth);
            case '"' -> string();
            default -> number();
        };
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> members = new LinkedHashMap<>();
        take('{');
        space();
        if (taken('}')) return members;
        do {
            space();
            String name = string();
            space();
            take(':');
            if (members.put(name, value(depth + 1)) != null) {
                throw new InvalidArgumentException("the header names '" + name + "' twice");
            }
            space();
        } while (taken(','));
        take('}');
        return members;
    }

    private List<Object> list(int depth) {
        List<Object> elements = new ArrayList<>();
        take('[');
        space();
        if (taken(']')) return elements;
        do {
            elements.add(value(depth + 1));
            space();
        } while (taken(','));
        take(']');
        return elements;
    }

    private long number() {
        int from = at;
        while (peek() >= '0' && peek() <= '9') at++;
        String digits = text.substring(from, at);
        if (digits.isEmpty() || digits.length() > 1 && digits.charAt(0) == '0') throw unexpected("a whole number");
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw new InvalidArgumentException("the header has the number " + digits + ", beyond 64 bits", e);
        }
    }

    private String string() {
        take('"');
        StringBuilder string = new StringBuilder();
        while (peek() != '"') {
            char c = next();
            if (c < ' ') throw unexpected("a printable character");
            string.append(c == '\\' ? escaped() : c);
        }
        at++;
        return string.toString();
    }

    private char escaped() {
        char c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = Character.digit(next(), 16);
                    if (digit < 0) throw unexpected("four hexadecimal digits");
                    code = code << 4 | digit;
                }
                yield (char) code;
            }
            default -> throw unexpected("an escape JSON knows");
        };
    }

    /** A text as JSON writes it. */
    public static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    /** The next character; 0, which is nowhere legal, at the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    private char next() {
        if (at >= text.length()) throw unexpected("more text");
        return text.charAt(at++);
    }

    private void take(char expected) {
        if (!taken(expected)) throw unexpected("'" + expected + "'");
    }

    private boolean taken(char c) {
        if (peek() != c || at >= text.length()) return false;
        at++;
        return true;
    }

    private InvalidArgumentException unexpected(String expected) {
        return new InvalidArgumentException(
                "the header is no proper JSON: expected " + expected + " at character " + at);
    }
}
