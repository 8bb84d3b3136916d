package org.gradmimic.model;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.layer.Layers;

/** A model that turns images into logits. */
public non-sealed interface ImageClassifier extends Architecture {
    /** C, the number of classes. */
    int classes();

    /** D, the length of a feature vector. */
    int featureWidth();

    /**
     * The features, which the head takes.
     *
     * @param layers compute with the model's parameters
     * @param images [B,3,H,W] of {@link #imageSize()}, normalised as the weights expect
     * @return [B,D], in the caller's scope
     * @throws InvalidArgumentException for images of another size
     */
    Tensor features(Layers layers, Tensor images);

    /**
     * The logits.
     *
     * @param layers compute with the model's parameters
     * @param images [B,3,H,W] of {@link #imageSize()}, normalised as the weights expect
     * @return [B,C], in the caller's scope
     * @throws InvalidArgumentException for images of another size
     */
    Tensor logits(Layers layers, Tensor images);
}
