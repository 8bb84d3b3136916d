package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;

/**
 * The layers a model is made of, called by the names their parameters have in a state dict. {@link PlainLayers} just
 * computes; other implementations record what scoring needs as well. All tensors have the batch as their first dimension,
 * and a result belongs to the caller's innermost {@code PointerScope}.
 *
 * <p>B samples, T tokens, I inputs, O outputs, D features.
 */
public interface Layers {
    /** x Wᵀ + b with {@code name.weight} [O,I] and, if there is one, {@code name.bias} [O]; x [B,...,I]. */
    Tensor linear(String name, Tensor x);

    /** x P with {@code parameter} [I,O] itself (CLIP's {@code proj} and {@code text_projection}); x [B,...,I]. */
    Tensor matmul(String parameter, Tensor x);

    /**
     * Attention's packed projection x Wᵀ + b to queries, keys and values, with {@code name.in_proj_weight} [3D,D] and
     * {@code name.in_proj_bias} [3D].
     */
    Tensor inProjection(String name, Tensor x);

    /**
     * Scaled dot-product attention, without parameters: here because not every kernel of LibTorch's has the derivatives that
     * scoring may need.
     *
     * @param query [B,heads,T,d], as {@code key} and {@code value}
     * @param causal each token sees itself and those before it
     */
    Tensor attention(Tensor query, Tensor key, Tensor value, boolean causal);

    /** A two-dimensional convolution with {@code name.weight} [O,I,h,w] and, if there is one, {@code name.bias}; x [B,I,H,W]. */
    Tensor conv2d(String name, Tensor x, long[] stride, long[] padding);

    /** Normalisation over the last dimension with {@code name.weight} and {@code name.bias} [D]. */
    Tensor layerNorm(String name, Tensor x, double epsilon);

    /**
     * Normalisation over all but the channels, x [B,C,...], with {@code name.weight} and {@code name.bias} and the running
     * statistics {@code name.running_mean} and {@code name.running_var}, all [C]. In {@link #training()} by the batch's own
     * statistics, and the running ones are updated.
     */
    Tensor batchNorm(String name, Tensor x, double epsilon);

    /** Rows {@code ids} [B,...] long of {@code name.weight} [N,D]. */
    Tensor embedding(String name, Tensor ids);

    /** x + parameter, which is broadcast over the batch: position embeddings, x [B,T,D]. */
    Tensor add(String parameter, Tensor x);

    /** x ⊙ parameter, which is broadcast over the batch. */
    Tensor scale(String parameter, Tensor x);

    /** The parameter, of D elements in all, as a token in front of those of x [B,T,D]: [B,T+1,D]. */
    Tensor prependToken(String parameter, Tensor x);

    /** A parameter of one element that works on the batch as a whole (the logit scale of a contrastive loss). */
    Tensor scalar(String parameter);

    /**
     * To be called between blocks, where x is all that later layers see of earlier ones: here a backward pass may stop and
     * go on later. Where a model has several branches (an image and a text tower) there is no such place.
     */
    Tensor boundary(Tensor x);

    /** Whether batch normalisation uses the batch's own statistics, and dropout drops. */
    boolean training();
}
