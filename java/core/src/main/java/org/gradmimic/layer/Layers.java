package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;

/**
 * The layers of a model, called by the names of their parameters in a state dict. {@link PlainLayers} only computes;
 * other implementations also record what scoring needs. The batch is the first dimension of every tensor, and a result
 * belongs to the caller's innermost {@code PointerScope}.
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
     * Scaled dot-product attention, without parameters. It is part of this interface because some of LibTorch's kernels
     * lack derivatives that scoring may need.
     *
     * @param query [B,heads,T,d], like {@code key} and {@code value}
     * @param causal whether each token attends only to itself and the tokens before it
     */
    Tensor attention(Tensor query, Tensor key, Tensor value, boolean causal);

    /** A two-dimensional convolution with {@code name.weight} [O,I,h,w] and, if there is one, {@code name.bias}; x [B,I,H,W]. */
    Tensor conv2d(String name, Tensor x, long[] stride, long[] padding);

    /** Normalisation over the last dimension with {@code name.weight} and {@code name.bias} [D]. */
    Tensor layerNorm(String name, Tensor x, double epsilon);

    /**
     * Normalisation over all dimensions but the channels, x [B,C,...], with {@code name.weight} and {@code name.bias}
     * and the running statistics {@code name.running_mean} and {@code name.running_var}, all [C]. In {@link
     * #training()}, it uses the batch's own statistics and updates the running ones.
     */
    Tensor batchNorm(String name, Tensor x, double epsilon);

    /** Rows {@code ids} [B,...] long of {@code name.weight} [N,D]. */
    Tensor embedding(String name, Tensor ids);

    /** x + parameter, which is broadcast over the batch: position embeddings, x [B,T,D]. */
    Tensor add(String parameter, Tensor x);

    /** x ⊙ parameter, which is broadcast over the batch. */
    Tensor scale(String parameter, Tensor x);

    /** Prepends the parameter, of D elements in all, as a token to x [B,T,D]: [B,T+1,D]. */
    Tensor prependToken(String parameter, Tensor x);

    /** A parameter of one element that applies to the whole batch (the logit scale of a contrastive loss). */
    Tensor scalar(String parameter);

    /**
     * Call this between two blocks if later layers use earlier ones only through x. A backward pass may stop here and
     * continue later. A model with several branches (an image and a text tower) has no such place.
     */
    Tensor boundary(Tensor x);

    /** Whether batch normalisation uses the batch's own statistics, and dropout is active. */
    boolean training();
}
