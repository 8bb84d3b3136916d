package org.gradmimic.model;

import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;

/**
 * A network over images. There are three kinds:
 *
 * <ul>
 *   <li>{@link ImageClassifier}: images to logits
 *   <li>{@link ContrastiveModel}: images and captions to features of one space
 *   <li>{@link Backbone}: images to features; frozen, its weights inside
 * </ul>
 *
 * <p>The first two are {@link Architecture}s: their weights are kept apart, so that one object computes with those of a
 * model and of its references. {@link Models} opens all of them.
 */
public sealed interface Model extends AutoCloseable permits Architecture, Backbone {
    /** The size every image must have. */
    ImageSize imageSize();

    /** Moves what the model holds itself to a device; images may come from anywhere. */
    default void moveTo(Device device) {}

    /** Frees what the model holds itself; a second call does nothing. */
    @Override
    default void close() {}
}
