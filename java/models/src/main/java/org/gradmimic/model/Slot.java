package org.gradmimic.model;

import java.util.Arrays;

/**
 * A tensor of a model's state dict.
 *
 * @param shape what it must be
 * @param role what it is for
 */
public record Slot(long[] shape, Role role) {
    /** What a tensor is for. */
    public enum Role {
        /** Trained, and scored. */
        PARAMETER,
        /** Kept beside them, such as running statistics. */
        BUFFER,
        /** Kept by torch for itself: read past where it is there. */
        COUNTER
    }

    /** A parameter. */
    static Slot parameter(long... shape) {
        return new Slot(shape, Role.PARAMETER);
    }

    static Slot buffer(long... shape) {
        return new Slot(shape, Role.BUFFER);
    }

    static Slot counter() {
        return new Slot(new long[0], Role.COUNTER);
    }

    boolean hasShape(long[] other) {
        return Arrays.equals(shape, other);
    }
}
