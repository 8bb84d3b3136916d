package org.gradmimic.reshard;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradmimic.base.InputException;

/** Expands braces in names, as shells and WebDataset do: {@code {00..12}} is a range, {@code {a,b}} are alternatives. */
final class Braces {
    /** More shards than any data set has. */
    private static final int MOST = 10_000_000;

    private static final Pattern RANGE = Pattern.compile("(\\d{1,18})\\.\\.(\\d{1,18})");

    private Braces() {}

    /**
     * All names, in order.
     *
     * @throws InputException if a brace has no end, or there are more than ten million names
     */
    static List<String> expand(String text) {
        int open = text.indexOf('{');
        if (open < 0) {
            return List.of(text);
        }
        int close = end(text, open);
        List<String> middle = inner(text, text.substring(open + 1, close));
        List<String> rest = expand(text.substring(close + 1));
        if ((long) middle.size() * rest.size() > MOST) {
            throw tooMany(text);
        }
        List<String> all = new ArrayList<>();
        for (String part : middle) {
            for (String end : rest) {
                all.add(text.substring(0, open) + part + end);
            }
        }
        return all;
    }

    private static int end(String text, int open) {
        int depth = 0;
        for (int i = open; i < text.length(); i++) {
            depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw new InputException("'" + text + "': a { without its }");
    }

    private static List<String> inner(String text, String inside) {
        Matcher range = RANGE.matcher(inside);
        if (range.matches()) {
            return range(text, range.group(1), range.group(2));
        }
        List<String> all = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int i = 0; i <= inside.length(); i++) {
            char c = i < inside.length() ? inside.charAt(i) : ',';
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (c == ',' && depth == 0) {
                all.addAll(expand(inside.substring(from, i)));
                from = i + 1;
            }
        }
        return all;
    }

    /** A number that begins with 0 sets the number of digits. */
    private static List<String> range(String text, String first, String last) {
        long from = Long.parseLong(first);
        long to = Long.parseLong(last);
        if (Math.abs(to - from) >= MOST) {
            throw tooMany(text);
        }
        boolean padded = first.startsWith("0") || last.startsWith("0");
        int digits = padded ? Math.max(first.length(), last.length()) : 1;
        List<String> all = new ArrayList<>();
        long step = from <= to ? 1 : -1;
        for (long i = from; i != to + step; i += step) {
            String number = Long.toString(i);
            all.add("0".repeat(Math.max(0, digits - number.length())) + number);
        }
        return all;
    }

    private static InputException tooMany(String text) {
        return new InputException("'" + text + "': more than " + MOST + " names");
    }
}
