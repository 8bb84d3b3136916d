package org.gradmimic.model;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.device.Device;

/** A frozen model that turns images into feature vectors. Not thread-safe. */
public non-sealed interface Backbone extends Model {
    /** How images get {@link #imageSize()}. */
    default ImageFit fit() {
        return ImageFit.of(imageSize());
    }

    /** D, the length of a feature vector. */
    int width();

    /** Moves the weights to a device; features are computed and returned there. Images may be on any device. */
    @Override
    void moveTo(Device device);

    /**
     * Embeds images. The model normalises them itself. No gradient is recorded.
     *
     * @param images [n,H,W,3] uint8, RGB, of {@link #imageSize()}
     * @return [n,D] float, contiguous; belongs to the caller's scope
     * @throws InvalidArgumentException if the images are of another type or size
     */
    Tensor features(Tensor images);

    @Override
    void close();
}
