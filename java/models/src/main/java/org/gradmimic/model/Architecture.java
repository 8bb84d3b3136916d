package org.gradmimic.model;

import java.util.Map;
import java.util.Set;

/**
 * A model whose weights are kept apart from it, in {@link ModelWeights}: what its state dict holds, and, in the two
 * subtypes, what it computes from that.
 */
public sealed interface Architecture extends Model permits ImageClassifier, ContrastiveModel {
    /** The tensors of the state dict by name, in torch's order. */
    Map<String, TensorSpec> stateDict();

    /**
     * Names of the classification head's parameters, whose first dimension is the number of classes; empty if there is no
     * such head.
     */
    default Set<String> head() {
        return Set.of();
    }

    /** The name in {@link #stateDict()} of a stored tensor; it differs only where torch has renamed the tensor since. */
    default String parameterName(String storedName) {
        return storedName;
    }

    /** Names of tensors that old files contain and the model does not need. */
    default Set<String> ignoredTensors() {
        return Set.of();
    }
}
