package org.gradmimic.select.vote;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The bins of floats ({@link FloatKey}) whose values must be counted one by one before a rule can decide. Another pass
 * over the values collects these counts as {@link ValueCounts}. There are usually a handful of bins. Immutable.
 */
public final class Refinement implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final Refinement NONE = new Refinement(new int[0]);

    private final int[] bins;

    private Refinement(int[] bins) {
        this.bins = bins;
    }

    /** {@return a refinement that needs nothing} */
    static Refinement none() {
        return NONE;
    }

    static Refinement of(int[] bins) {
        int[] sorted = bins.clone();
        Arrays.sort(sorted);
        return new Refinement(sorted);
    }

    /** {@return whether nothing more is needed} */
    public boolean isEmpty() {
        return bins.length == 0;
    }

    /**
     * Whether a value must be counted.
     *
     * @param value any value; NaN is never counted
     */
    public boolean contains(float value) {
        return !Float.isNaN(value) && index(FloatKey.bin(FloatKey.of(value))) >= 0;
    }

    /** The bins, ascending. */
    int[] bins() {
        return bins.clone();
    }

    int size() {
        return bins.length;
    }

    /** The index of a bin among these bins; negative if it is not one of them. */
    int index(int bin) {
        if (bins.length == 0 || bin < bins[0] || bin > bins[bins.length - 1]) {
            return -1;
        }
        return Arrays.binarySearch(bins, bin);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Refinement that && Arrays.equals(bins, that.bins);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bins);
    }
}
