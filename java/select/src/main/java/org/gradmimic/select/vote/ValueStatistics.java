package org.gradmimic.select.vote;

import java.io.Serializable;
import java.math.BigInteger;
import java.util.Arrays;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Everything that a {@link Binarizer} must know about a set of values, such as the scores of an epoch. Its size does
 * not depend on the number of values. For each of 65,536 bins of floats ({@link FloatKey}) it holds the number of
 * values, the sum of their offsets and the sum of the squared offsets, all as exact integers.
 *
 * <p>Therefore the order of the values does not matter, and neither does their distribution over threads or machines
 * before {@link #merge}: statistics of the same values are equal, bit by bit. Bins without values take almost no
 * memory. Usual scores need some 100 KB, and any values at most 2 MB. At most 2⁴⁷ values. Not thread-safe.
 */
public final class ValueStatistics implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int PAGE_BINS = 64;
    private static final int PAGES = 65_536 / PAGE_BINS;
    /**
     * Number of longs per bin: count, Σo, Σ⌊o²/2¹⁶⌋, Σ(o² mod 2¹⁶). A sum of the squares themselves would overflow at
     * 2³¹ values.
     */
    private static final int FIELDS = 4;

    private final long[][] pages = new long[PAGES][];
    private long count;

    /** Starts with no values. */
    public ValueStatistics() {}

    /**
     * Adds a value. NaN, which stands for a sample that was not seen, is not counted.
     *
     * @param value finite or NaN
     * @throws InvalidArgumentException if the value is infinite
     */
    public void add(float value) {
        if (!Float.isFinite(value)) {
            if (Float.isNaN(value)) {
                return;
            }
            throw new InvalidArgumentException("the value is " + value);
        }
        int key = FloatKey.of(value);
        int bin = FloatKey.bin(key);
        long[] page = pages[bin / PAGE_BINS];
        if (page == null) {
            page = new long[PAGE_BINS * FIELDS];
            pages[bin / PAGE_BINS] = page;
        }
        int at = bin % PAGE_BINS * FIELDS;
        long offset = FloatKey.offset(key);
        long square = offset * offset;
        page[at]++;
        page[at + 1] += offset;
        page[at + 2] += square >>> 16;
        page[at + 3] += square & 0xffff;
        count++;
    }

    /**
     * Adds all values of other statistics, which are not modified.
     *
     * @return this
     */
    public ValueStatistics merge(ValueStatistics other) {
        for (int p = 0; p < PAGES; p++) {
            long[] from = other.pages[p];
            if (from == null) {
                continue;
            }
            long[] to = pages[p];
            if (to == null) {
                pages[p] = from.clone();
                continue;
            }
            for (int i = 0; i < to.length; i++) {
                to[i] += from[i];
            }
        }
        count += other.count;
        return this;
    }

    /** {@return the number of values} */
    public long count() {
        return count;
    }

    /** {@return the mean; NaN if there are no values} */
    public double mean() {
        double sum = 0;
        for (int bin : bins()) {
            sum += FloatKey.first(bin) * count(bin) + FloatKey.unit(bin) * offsets(bin);
        }
        return sum / count;
    }

    /** The bins with values, ascending. */
    int[] bins() {
        int[] bins = new int[65_536];
        int n = 0;
        for (int p = 0; p < PAGES; p++) {
            for (int b = 0; pages[p] != null && b < PAGE_BINS; b++) {
                if (pages[p][b * FIELDS] != 0) {
                    bins[n++] = p * PAGE_BINS + b;
                }
            }
        }
        return Arrays.copyOf(bins, n);
    }

    /** The number of values in a bin that is not empty. */
    long count(int bin) {
        return field(bin, 0);
    }

    /** Σo of a bin that is not empty. */
    long offsets(int bin) {
        return field(bin, 1);
    }

    /** Σo² of a bin that is not empty, rounded to the nearest double or the one beside it. */
    double squaredOffsets(int bin) {
        return field(bin, 2) * 65_536.0 + field(bin, 3);
    }

    /** Whether all values of a bin that is not empty are equal. This holds exactly if n·Σo² = (Σo)². */
    boolean isSingleValue(int bin) {
        long n = count(bin);
        if (n == 1) {
            return true;
        }
        long sum = offsets(bin);
        if (sum % n != 0) {
            return false;
        }
        BigInteger squares = BigInteger.valueOf(field(bin, 2)).shiftLeft(16).add(BigInteger.valueOf(field(bin, 3)));
        BigInteger total = BigInteger.valueOf(sum);
        return squares.multiply(BigInteger.valueOf(n)).equals(total.multiply(total));
    }

    private long field(int bin, int field) {
        return pages[bin / PAGE_BINS][bin % PAGE_BINS * FIELDS + field];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ValueStatistics that && count == that.count && Arrays.deepEquals(pages, that.pages);
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(pages);
    }
}
