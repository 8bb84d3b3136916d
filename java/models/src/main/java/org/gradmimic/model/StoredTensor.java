package org.gradmimic.model;

import java.util.Arrays;

/**
 * The place of a tensor in a file.
 *
 * @param type of its elements
 * @param shape extents, none negative
 * @param strides in elements, none negative
 * @param position of its first element, in bytes from the start of the file
 */
record StoredTensor(ElementType type, long[] shape, long[] strides, long position) {
    /** A tensor whose elements follow one another row by row. */
    static StoredTensor contiguous(ElementType type, long[] shape, long position) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= Math.max(1, shape[d]);
        }
        return new StoredTensor(type, shape, strides, position);
    }

    boolean isEmpty() {
        return Arrays.stream(shape).anyMatch(extent -> extent == 0);
    }

    /**
     * The number of elements from the first to the last, including those between them that are not part of the tensor;
     * 0 for a tensor without elements.
     *
     * @throws ArithmeticException if it does not fit in 64 bits
     */
    long span() {
        if (isEmpty()) return 0;
        long last = 0;
        for (int d = 0; d < shape.length; d++) {
            last = Math.addExact(last, Math.multiplyExact(shape[d] - 1, strides[d]));
        }
        return Math.addExact(last, 1);
    }
}
