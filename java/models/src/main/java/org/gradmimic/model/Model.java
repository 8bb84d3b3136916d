package org.gradmimic.model;

import java.util.Map;
import java.util.Set;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;

/** An architecture: what its state dict holds, and, in the subtypes, what it computes from it. */
public interface Model extends AutoCloseable {
    /** The state dict, in torch's order. */
    Map<String, Slot> slots();

    /** Names of the classification head's parameters, whose first extent is the number of classes; none without one. */
    Set<String> head();

    /** Images are [n,3,height,width] of this size. */
    ImageSize imageSize();

    /** The name that a stored tensor has in {@link #slots()}: another one only where torch has renamed it since. */
    default String current(String storedName) {
        return storedName;
    }

    /** Tensors that old files have and no model needs. */
    default Set<String> obsolete() {
        return Set.of();
    }

    /** Takes what a model has beside its parameters to a device: nothing, unless it is another's program. */
    default void moveTo(Device device) {}

    /** Frees what a model has beside its parameters: nothing, unless it is another's program. */
    @Override
    default void close() {}
}
