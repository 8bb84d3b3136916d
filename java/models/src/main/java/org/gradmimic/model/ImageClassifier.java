package org.gradmimic.model;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.layer.Layers;

/** Images to logits. */
public interface ImageClassifier extends Model {
    /** C, how many there are. */
    int classes();

    /**
     * The logits.
     *
     * @param layers compute with the model's parameters
     * @param images [B,3,H,W] of {@link #imageSize()}, normalised as the weights want them
     * @return [B,C], in the caller's scope
     * @throws InvalidArgumentException for images of another size
     */
    Tensor logits(Layers layers, Tensor images);
}
