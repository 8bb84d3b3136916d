package org.gradmimic.model;

import org.jspecify.annotations.Nullable;

/**
 * What {@link ModelWeights#read(Architecture, java.nio.file.Path, WeightsOptions)} may change about tensors that do not
 * fit the model.
 *
 * @param newHead seed of a head that is initialised at random, as torch initialises a linear layer, if the file's has
 *     another number of classes; null: such a file is an error
 * @param resamplePositions whether position embeddings of images of another size are resampled; if not, such a file is
 *     an error
 * @param withoutHead whether the head is left out, whatever the file has in its place; the model then computes features
 *     only
 */
public record WeightsOptions(@Nullable Long newHead, boolean resamplePositions, boolean withoutHead) {
    /** Nothing is changed. */
    public static final WeightsOptions NONE = new WeightsOptions(null, false, false);

    /** These options with a new head. */
    public WeightsOptions withNewHead(long seed) {
        return new WeightsOptions(seed, resamplePositions, withoutHead);
    }

    /** These options with resampled position embeddings. */
    public WeightsOptions withResampledPositions() {
        return new WeightsOptions(newHead, true, withoutHead);
    }

    /** These options without a head. */
    public WeightsOptions forFeatures() {
        return new WeightsOptions(newHead, resamplePositions, true);
    }
}
