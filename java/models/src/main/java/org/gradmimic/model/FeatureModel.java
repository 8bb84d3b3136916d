package org.gradmimic.model;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;

/** A frozen model that turns images into feature vectors. Not for several threads at once. */
public interface FeatureModel extends AutoCloseable {
    /** The size every image must have. */
    ImageSize inputSize();

    /** D, the length of a feature vector. */
    int width();

    /** Works on a device from now on, and gives features there; images may come from anywhere. */
    void moveTo(Device device);

    /**
     * Embeds images; normalisation is the model's own affair. No gradient is recorded.
     *
     * @param images [n,H,W,3] uint8, RGB, of {@link #inputSize()}
     * @return [n,D] float, contiguous; belongs to the caller's scope
     * @throws InvalidArgumentException if the images are of another type or size
     */
    Tensor features(Tensor images);

    /** Frees the model's native memory; a second call does nothing. */
    @Override
    void close();
}
