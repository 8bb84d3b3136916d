package org.gradmimic.select.vote;

import java.io.Serializable;
import java.util.Arrays;
import org.gradmimic.base.InvalidArgumentException;

/**
 * How often every single value occurs, in the bins that a {@link Refinement} names. Like {@link ValueStatistics} made of
 * exact integers and independent of order; a bin takes at most 512 KB, less where values repeat or are few. Not
 * thread-safe.
 */
public final class ValueCounts implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int PAGE = 64;

    private final Refinement refinement;
    /** [bin of the refinement][offset / PAGE][offset % PAGE] */
    private final long[][][] counts;

    /** Of no values; counts those that {@code refinement} names. */
    public ValueCounts(Refinement refinement) {
        this.refinement = refinement;
        counts = new long[refinement.size()][FloatKey.OFFSETS / PAGE][];
    }

    /** {@return what is counted} */
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
     * Takes in all counts of another, which is not changed.
     *
     * @return this
     * @throws InvalidArgumentException if it counts other bins
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

    /** Is told a value's offset and how often it occurs. */
    @FunctionalInterface
    interface Visitor {
        void value(int offset, long count);
    }

    /** How many values of a bin were counted. */
    long count(int bin) {
        long[] sum = {0};
        forEach(bin, (offset, count) -> sum[0] += count);
        return sum[0];
    }

    /** Shows the values of one bin that occur, ascending. */
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
