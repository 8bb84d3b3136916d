package org.gradmimic.model;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.layer.ParameterNames;

/** Selects the parameters of a model by which samples are scored: names, patterns, or all. */
public final class MimicLayers {
    /** All parameters. */
    public static final String ALL = ParameterNames.ALL;

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
        List<String> items =
                Arrays.stream(text.split(",", -1)).map(String::strip).toList();
        try {
            return new ParameterNames(names(model, true), Set.copyOf(names(model, false))).choose(items);
        } catch (InvalidArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private static List<String> names(Architecture model, boolean parameters) {
        return model.stateDict().entrySet().stream()
                .filter(spec -> (spec.getValue().role() == TensorSpec.Role.PARAMETER) == parameters)
                .map(Map.Entry::getKey)
                .toList();
    }
}
