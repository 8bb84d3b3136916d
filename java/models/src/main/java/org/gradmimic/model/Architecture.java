package org.gradmimic.model;

import java.util.Map;
import java.util.Set;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * A model whose weights are kept separately, in {@link ModelWeights}. This type describes the state dict; the two
 * subtypes compute with it.
 */
public sealed interface Architecture extends Model permits ImageClassifier, ContrastiveModel {
    /** The tensors of the state dict by name, in torch's order. */
    Map<String, TensorSpec> stateDict();

    /**
     * The same architecture for images of another size.
     *
     * @param side pixels of the images' sides
     * @throws InvalidArgumentException if the architecture cannot take such images; the message names the reason
     */
    Architecture withSide(int side);

    /** How images were prepared when the weights that its authors published were trained. */
    ImageInput input();

    /**
     * Names of the parameters of the classification head, whose first dimension is the number of classes; empty if
     * there is no such head.
     */
    default Set<String> head() {
        return Set.of();
    }

    /** The position embeddings, whose number follows from the size of the images; null if there are none. */
    default @Nullable PositionGrid positions() {
        return null;
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
