package org.gradmimic.select.vote;

import java.io.Serializable;
import java.util.Arrays;
import org.gradmimic.base.InvalidArgumentException;

/**
 * How often each single value occurs, in the bins that a {@link Refinement} names. Like {@link ValueStatistics}, this
 * consists of exact integers and does not depend on order. A bin takes at most 512 KB, and less if values repeat or are
 * few. Not thread-safe.
 */
public final class ValueCounts implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int PAGE = 64;

    private final Refinement refinement;
    /** [bin of the refinement][offset / PAGE][offset % PAGE] */
    private final long[][][] counts;

    /** Starts with no values. Only values in the bins of {@code refinement} are counted. */
    public ValueCounts(Refinement refinement) {
        this.refinement = refinement;
        counts = new long[refinement.size()][FloatKey.OFFSETS / PAGE][];
    }

    /** {@return the bins that are counted} */
    public Refinement refinement() {
        return refinement;
    }

    /**
     * Counts a value if it is in one of the bins.
     *
     * @param value anything; NaN is in no bin
     */
    public void add(float value) {
        if (Float.isNaN(value)) {
            return;
        }
        int key = FloatKey.of(value);
        int index = refinement.index(FloatKey.bin(key));
        if (index < 0) {
            return;
        }
        int offset = FloatKey.offset(key);
        long[] page = counts[index][offset / PAGE];
        if (page == null) {
            page = new long[PAGE];
            counts[index][offset / PAGE] = page;
        }
        page[offset % PAGE]++;
    }

    /**
     * Adds all counts of another object, which is not modified.
     *
     * @return this
     * @throws InvalidArgumentException if the other object counts other bins
     */
    public ValueCounts merge(ValueCounts other) {
        if (!refinement.equals(other.refinement)) {
            throw new InvalidArgumentException("counts of other bins");
        }
        for (int b = 0; b < counts.length; b++) {
            for (int p = 0; p < counts[b].length; p++) {
                long[] from = other.counts[b][p];
                long[] to = counts[b][p];
                if (from == null) {
                    continue;
                }
                if (to == null) {
                    counts[b][p] = from.clone();
                    continue;
                }
                for (int i = 0; i < PAGE; i++) {
                    to[i] += from[i];
                }
            }
        }
        return this;
    }

    /** Receives the offset of a value and the number of its occurrences. */
    @FunctionalInterface
    interface Visitor {
        void value(int offset, long count);
    }

    /** The number of values counted in a bin. */
    long count(int bin) {
        long[] sum = {0};
        forEach(bin, (offset, count) -> sum[0] += count);
        return sum[0];
    }

    /** Visits the values that occur in a bin, in ascending order. */
    void forEach(int bin, Visitor visitor) {
        long[][] pages = counts[refinement.index(bin)];
        for (int p = 0; p < pages.length; p++) {
            for (int i = 0; pages[p] != null && i < PAGE; i++) {
                if (pages[p][i] != 0) {
                    visitor.value(p * PAGE + i, pages[p][i]);
                }
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ValueCounts that
                && refinement.equals(that.refinement)
                && Arrays.deepEquals(counts, that.counts);
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(counts);
    }
}
