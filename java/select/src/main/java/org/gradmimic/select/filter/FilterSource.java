package org.gradmimic.select.filter;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.gradmimic.base.InputException;
import org.gradmimic.io.TextLines;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.vote.Binarizer;
import org.jspecify.annotations.Nullable;

/**
 * Where a filter comes from: the file of a filter, or a file of values with a rule.
 *
 * @param file the filter, or the values; see {@link Values#open(Path)}
 * @param column which column of a score table has the values
 * @param rule how values become a filter; null for the file of a filter
 * @param number the number of the rule
 */
public record FilterSource(
        Path file, String column, @Nullable Rule rule, double number) {
    private static final Pattern WITH_RULE = Pattern.compile("(.+?)(?::([A-Za-z_]\\w*))?:([a-z-]+)=([^:=]*)");

    /** A filter, or the scores of a file with a rule. */
    public FilterSource(Path file, @Nullable Rule rule, double number) {
        this(file, Values.SCORE, rule, number);
    }

    /** How values become a filter. */
    public enum Rule {
        TOP("top"),
        BOTTOM("bottom"),
        TOP_K("top-k"),
        THRESHOLD("threshold");

        private final String name;

        Rule(String name) {
            this.name = name;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * Parses {@code FILE}, {@code FILE:RULE=NUMBER} such as {@code scores.npy:bottom=0.15}, or {@code
     * FILE:COLUMN:RULE=NUMBER} such as {@code scores.parquet:clip_similarity:top=0.3}.
     *
     * @throws InputException if there is no such rule, or its number is not a number
     */
    public static FilterSource parse(String text) {
        Matcher parts = WITH_RULE.matcher(text);
        if (!parts.matches()) {
            return new FilterSource(Path.of(text), null, Double.NaN);
        }
        String name =
                parts.group(3).equals("at-least") ? "threshold" : parts.group(3); // the name in an earlier version
        Rule rule = Arrays.stream(Rule.values())
                .filter(candidate -> candidate.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new InputException("'" + text + "': unknown rule " + parts.group(3)
                        + "; the rules are "
                        + Arrays.stream(Rule.values()).map(Rule::toString).collect(Collectors.joining(", "))));
        String column = parts.group(2) == null ? Values.SCORE : parts.group(2);
        return new FilterSource(Path.of(parts.group(1)), column, rule, number(text, rule, parts.group(4)));
    }

    private static double number(String text, Rule rule, String number) {
        try {
            double value = Double.parseDouble(number);
            boolean fits = switch (rule) {
                case TOP, BOTTOM -> value >= 0 && value <= 1;
                case TOP_K -> value >= 0 && value == Math.rint(value) && value < 1L << 53;
                case THRESHOLD -> !Double.isNaN(value);
            };
            if (fits) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new InputException("'" + text + "': " + rule + " is '" + number + "', expected "
                + switch (rule) {
                    case TOP, BOTTOM -> "a share from 0 to 1";
                    case TOP_K -> "a number of samples";
                    case THRESHOLD -> "a number";
                });
    }

    /** Whether the file identifies samples by uid. */
    boolean isByUid() {
        return rule == null && FilterFile.isByUid(file);
    }

    /** Whether the file is a text list without any sample, which may be one of numbers or of uids. */
    boolean isEmptyList() {
        return rule == null
                && FilterFormat.ofInput(file) == FilterFormat.TEXT
                && TextLines.first(file).isEmpty();
    }

    /** {@return N, or −1 if the file does not record it} */
    long samples() {
        return rule == null ? FilterFile.samples(file).orElse(FilterReader.UNKNOWN) : values().size();
    }

    private Values values() {
        return column.equals(Values.SCORE) ? Values.open(file) : Values.open(file, column);
    }

    /** {@return the filter over that many numbered samples} */
    Filter read(long samples) {
        if (rule == null) {
            return FilterFile.read(file, samples);
        }
        Values values = values();
        if (values.size() != samples) {
            throw InputException.in(file, "is over " + values.size() + " samples, expected " + samples);
        }
        return ScoreFilters.keep(
                values,
                switch (rule) {
                    case TOP -> Binarizer.topShare(number);
                    case BOTTOM -> Binarizer.bottomShare(number);
                    case TOP_K -> Binarizer.topK((long) number);
                    case THRESHOLD -> Binarizer.threshold((float) number);
                });
    }
}
