package org.gradmimic.model;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.layer.Layers;

/**
 * A model that turns images and captions into features of the same length, trained to make the features of a pair
 * similar. Its loss compares the samples of a batch with each other.
 */
public non-sealed interface ContrastiveModel extends Architecture {
    /** Name of the scalar parameter whose exponential multiplies the cosines. */
    String LOGIT_SCALE = "logit_scale";

    /** Name of the scalar parameter that is added to the cosines, if {@link #hasLogitBias()}. */
    String LOGIT_BIAS = "logit_bias";

    /** Features [B,D] of images and captions, before normalisation. */
    record Features(Tensor image, Tensor text) {}

    /** Whether there is a {@link #LOGIT_BIAS}. If so, the loss is SigLIP's; otherwise it is CLIP's. */
    boolean hasLogitBias();

    /** The number of tokens of a caption; shorter captions are padded with zeros. */
    int contextLength();

    /** The number of tokens in the vocabulary. */
    int vocabulary();

    /**
     * The features of image–caption pairs.
     *
     * @param layers compute with the model's parameters
     * @param images [B,3,H,W] of {@link #imageSize()}, normalised as the weights expect
     * @param tokens [B,context length] long
     * @return in the caller's scope
     * @throws InvalidArgumentException for other shapes
     */
    Features features(Layers layers, Tensor images, Tensor tokens);

    /** D, the length of the features of both towers. */
    int featureWidth();

    /** The features [B,D] of images alone; arguments as for {@link #features}. */
    Tensor imageFeatures(Layers layers, Tensor images);

    /** The features [B,D] of captions alone; arguments as for {@link #features}. */
    Tensor textFeatures(Layers layers, Tensor tokens);
}
