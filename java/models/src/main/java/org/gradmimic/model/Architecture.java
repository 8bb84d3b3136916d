package org.gradmimic.model;

import java.util.Map;
import java.util.Set;

/**
 * A model whose weights are kept separately, in {@link ModelWeights}. This type describes the state dict; the two
 * subtypes compute with it.
 */
public sealed interface Architecture extends Model permits ImageClassifier, ContrastiveModel {
    /** The tensors of the state dict by name, in torch's order. */
    Map<String, TensorSpec> stateDict();

    /**
     * Names of the parameters of the classification head, whose first dimension is the number of classes; empty if
     * there is no such head.
     */
    default Set<String> head() {
        return Set.of();
    }

    /**
     * The name in {@link #stateDict()} of a stored tensor. It differs from the stored name only if torch has since
     * renamed the tensor.
     */
    default String parameterName(String storedName) {
        return storedName;
    }

    /** Names of tensors that old files contain and the model does not need. */
    default Set<String> ignoredTensors() {
        return Set.of();
    }
}
