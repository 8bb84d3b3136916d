package org.gradmimic.model;

import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;

/**
 * A network over images. There are three kinds:
 *
 * <ul>
 *   <li>{@link ImageClassifier}: images to logits
 *   <li>{@link ContrastiveModel}: images and captions to features in a common space
 *   <li>{@link Backbone}: images to features; frozen, contains its weights
 * </ul>
 *
 * <p>The first two are {@link Architecture}s: their weights are kept separately, so that one object computes with the
 * weights of a model and of its references. {@link Models} opens all of them.
 */
public sealed interface Model extends AutoCloseable permits Architecture, Backbone {
    /** The size every image must have. */
    ImageSize imageSize();

    /** Moves the tensors that the model itself contains to a device. Images may be on any device. */
    default void moveTo(Device device) {}

    /** Frees the tensors that the model itself contains. A second call does nothing. */
    @Override
    default void close() {}
}
