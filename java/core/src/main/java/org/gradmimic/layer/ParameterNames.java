package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.gradmimic.base.InvalidArgumentException;

/**
 * The names of a model's parameters, selected by names and patterns. In a pattern, * matches any characters and ?
 * matches one; {@value #ALL} means every parameter. Buffers, such as the running statistics of batch normalisation,
 * have no gradient and are never selected.
 *
 * @param parameters the names of the parameters, in the model's order
 * @param buffers the names of the buffers
 */
public record ParameterNames(List<String> parameters, Set<String> buffers) {
    /** Every parameter. */
    public static final String ALL = "all";

    private static final int NEAREST = 3;

    /** Copies the arguments. */
    public ParameterNames {
        parameters = List.copyOf(parameters);
        buffers = Set.copyOf(buffers);
    }

    /**
     * The parameters that names and patterns select, in the model's order, each once.
     *
     * @throws InvalidArgumentException for an empty name, a buffer, an unknown name (with the closest matches), and a
     *     pattern that matches nothing; the message lists all of them
     */
    public List<String> choose(Collection<String> items) {
        List<String> wrong = new ArrayList<>();
        List<String> chosen = choose(items, wrong);
        if (!wrong.isEmpty()) throw new InvalidArgumentException(String.join("; ", wrong));
        return chosen;
    }

    /** @param wrong receives a description of each error */
    List<String> choose(Collection<String> items, List<String> wrong) {
        Set<String> chosen = new LinkedHashSet<>();
        for (String item : items) {
            List<String> found = fitting(item);
            if (found.isEmpty()) wrong.add(problem(item));
            chosen.addAll(found);
        }
        List<String> ordered = new ArrayList<>(parameters);
        ordered.retainAll(chosen);
        return ordered;
    }

    private static boolean isPattern(String item) {
        return item.contains("*") || item.contains("?");
    }

    private List<String> fitting(String item) {
        if (parameters.contains(item)) return List.of(item);
        if (item.equals(ALL)) return parameters;
        if (!isPattern(item)) return List.of();
        return parameters.stream().filter(glob(item).asMatchPredicate()).toList();
    }

    private String problem(String item) {
        if (parameters.isEmpty()) return "the model has no parameters";
        if (item.isEmpty()) return "the mimic layer has an empty name";
        if (buffers.contains(item)) return item + " is a buffer, not a parameter, and has no gradient";
        return (isPattern(item) ? "no parameter matches " : "the model has no parameter ") + item
                + "; the closest matches are " + nearest(parameters, item);
    }

    private static Pattern glob(String item) {
        return Pattern.compile(item.chars()
                .mapToObj(c -> c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf((char) c)))
                .collect(Collectors.joining()));
    }

    /** The names with the smallest edit distance to a misspelt one. */
    static String nearest(Collection<String> names, String item) {
        return names.stream()
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
