package org.gradmimic;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a head sees of a batch.
 *
 * @param features h [B,D] float, or bfloat16 or half as a backbone leaves it under autocast; if it requires a gradient,
 *     {@link HeadStep#backward()} sends one of its type back through it
 * @param labels [B] long, in [0,C)
 * @param ids [B] long, the samples' names in the score table; null counts 0 to B-1
 * @param referenceLogits [B,C] float, h W_refᵀ without bias, where features are frozen and it was computed once; [B,K,C] of K
 *     references. Spares the product with V while ‖V‖ is at least a tenth of ‖W‖ (nearer, a difference of logits loses
 *     precision)
 * @param featureNormsSquared [B] float, ‖h_i‖², where it was computed once
 * @param referenceLoss [B] float, ℓ_i(θ_ref); for {@link Weighting.Kind#RHO}
 */
public record HeadBatch(
        Tensor features,
        Tensor labels,
        @Nullable Tensor ids,
        @Nullable Tensor referenceLogits,
        @Nullable Tensor featureNormsSquared,
        @Nullable Tensor referenceLoss) {

    public HeadBatch(Tensor features, Tensor labels) {
        this(features, labels, null, null, null, null);
    }

    public HeadBatch(Tensor features, Tensor labels, Tensor ids) {
        this(features, labels, ids, null, null, null);
    }
}
