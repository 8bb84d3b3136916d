package org.gradmimic.model;

import java.util.Arrays;

/**
 * A tensor of a model's state dict.
 *
 * @param shape what it must be
 * @param role what it is for
 */
public record TensorSpec(long[] shape, Role role) {
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
    static TensorSpec parameter(long... shape) {
        return new TensorSpec(shape, Role.PARAMETER);
    }

    static TensorSpec buffer(long... shape) {
        return new TensorSpec(shape, Role.BUFFER);
    }

    static TensorSpec counter() {
        return new TensorSpec(new long[0], Role.COUNTER);
    }

    boolean hasShape(long[] other) {
        return Arrays.equals(shape, other);
    }
}
