package org.gradmimic.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.gradmimic.base.InputException;

/** Selects the parameters of a model by which samples are scored: names, patterns, or all. */
public final class MimicLayers {
    /** All parameters. */
    public static final String ALL = "all";

    private static final int NEAREST = 3;

    private MimicLayers() {}

    /**
     * Resolves a list of names and patterns to parameters.
     *
     * @param text names and patterns, separated by commas; in a pattern * matches any characters and ? matches one;
     *     {@value #ALL} selects all parameters
     * @return in the model's order, each once
     * @throws InputException for an unknown name (the message lists the closest matches) and a pattern without a match
     */
    public static List<String> resolve(Architecture model, String text) {
        List<String> parameters = model.stateDict().entrySet().stream()
                .filter(spec -> spec.getValue().role() == TensorSpec.Role.PARAMETER)
                .map(Map.Entry::getKey)
                .toList();
        Set<String> chosen = new LinkedHashSet<>();
        for (String item : text.split(",", -1)) chosen.addAll(named(model, parameters, item.strip()));
        List<String> ordered = new ArrayList<>(parameters);
        ordered.retainAll(chosen);
        return ordered;
    }

    private static List<String> named(Architecture model, List<String> parameters, String item) {
        if (item.isEmpty()) throw new InputException("the mimic layer has an empty name");
        if (item.equals(ALL)) return parameters;
        if (parameters.contains(item)) return List.of(item);
        if (model.stateDict().containsKey(item)) {
            throw new InputException(item + " is a buffer, not a parameter, and has no gradient");
        }
        boolean pattern = item.contains("*") || item.contains("?");
        List<String> fitting = pattern
                ? parameters.stream().filter(glob(item).asMatchPredicate()).toList()
                : List.of();
        if (!fitting.isEmpty()) return fitting;
        throw new InputException((pattern ? "no parameter matches " : "the model has no parameter ") + item
                + "; the closest matches are " + nearest(parameters, item));
    }

    private static Pattern glob(String item) {
        return Pattern.compile(item.chars()
                .mapToObj(c -> c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf((char) c)))
                .collect(Collectors.joining()));
    }

    private static String nearest(List<String> parameters, String item) {
        return parameters.stream()
                .sorted(Comparator.comparingInt(name -> distance(name, item)))
                .limit(NEAREST)
                .collect(Collectors.joining(", "));
    }

    /** The edit distance: the number of characters to insert, delete or replace. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) row[j] = j;
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
