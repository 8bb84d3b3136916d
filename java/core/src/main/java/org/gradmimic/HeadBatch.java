package org.gradmimic;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The data of a batch for a head: features and labels, and optionally more. Each {@code with…} method returns a new
 * batch with one addition and does not change this one.
 */
public final class HeadBatch {
    private final Tensor features;
    private final Tensor labels;
    private final @Nullable Tensor ids;
    private final @Nullable Tensor referenceLogits;
    private final @Nullable Tensor featureNormsSquared;
    private final @Nullable Tensor referenceLoss;

    /**
     * @param features h [B,D] float, or bfloat16 or half from a backbone under autocast; if it requires a gradient,
     *     {@link HeadStep#backward()} sends a gradient of its type back through it
     * @param labels [B] long, in [0,C)
     */
    public HeadBatch(Tensor features, Tensor labels) {
        this(features, labels, null, null, null, null);
    }

    private HeadBatch(
            Tensor features,
            Tensor labels,
            @Nullable Tensor ids,
            @Nullable Tensor referenceLogits,
            @Nullable Tensor featureNormsSquared,
            @Nullable Tensor referenceLoss) {
        this.features = features;
        this.labels = labels;
        this.ids = ids;
        this.referenceLogits = referenceLogits;
        this.featureNormsSquared = featureNormsSquared;
        this.referenceLoss = referenceLoss;
    }

    /** @param ids [B] long, the samples' ids in the score table; the default is 0 to B-1 */
    public HeadBatch withIds(Tensor ids) {
        return new HeadBatch(features, labels, ids, referenceLogits, featureNormsSquared, referenceLoss);
    }

    /**
     * Adds logits of the reference, for frozen features, where they are computed once. They replace the product with V
     * while ‖V‖ is at least a tenth of ‖W‖. Nearer to the reference, a difference of logits loses precision.
     *
     * @param referenceLogits [B,C] float, c · h W_refᵀ without bias, where c is the head's reference scale; [B,K,C] for K
     *     references
     */
    public HeadBatch withReferenceLogits(Tensor referenceLogits) {
        return new HeadBatch(features, labels, ids, referenceLogits, featureNormsSquared, referenceLoss);
    }

    /**
     * Adds norms of the features, for frozen features, where they are computed once.
     *
     * @param featureNormsSquared [B] float, ‖h_i‖²
     */
    public HeadBatch withFeatureNormsSquared(Tensor featureNormsSquared) {
        return new HeadBatch(features, labels, ids, referenceLogits, featureNormsSquared, referenceLoss);
    }

    /** @param referenceLoss [B] float, ℓ_i(θ_ref); {@link Weighting.Kind#RHO} needs it */
    public HeadBatch withReferenceLoss(Tensor referenceLoss) {
        return new HeadBatch(features, labels, ids, referenceLogits, featureNormsSquared, referenceLoss);
    }

    /** h [B,D] */
    public Tensor features() {
        return features;
    }

    /** [B] long */
    public Tensor labels() {
        return labels;
    }

    /** [B] long, or null. */
    public @Nullable Tensor ids() {
        return ids;
    }

    /** [B,C] or [B,K,C] float, or null. */
    public @Nullable Tensor referenceLogits() {
        return referenceLogits;
    }

    /** [B] float, or null. */
    public @Nullable Tensor featureNormsSquared() {
        return featureNormsSquared;
    }

    /** [B] float, or null. */
    public @Nullable Tensor referenceLoss() {
        return referenceLoss;
    }
}
