package org.gradmimic.model;

import java.util.Arrays;

/**
 * A tensor of a model's state dict.
 *
 * @param shape the required shape
 * @param role what the tensor is for
 */
public record TensorSpec(long[] shape, Role role) {
    /** What a tensor is for. */
    public enum Role {
        /** Trained and scored. */
        PARAMETER,
        /** Stored beside the parameters, such as running statistics. */
        BUFFER,
        /** Used by torch alone; skipped if a file contains it. */
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
