package org.gradmimic.select.score;

import java.util.Arrays;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Finds the value at a rank in a few passes over values that are not held in memory. Each pass considers the values
 * that share all known high bits with the value sought, and counts them by their next 16 bits. When few enough values
 * are left, they are sorted.
 */
public final class RankSelect {
    private static final int DIGIT = 16;
    private static final int FEW = 1 << 20;

    private RankSelect() {}

    /** The number of values that are not NaN. */
    public static long count(Values values) {
        long[] count = {0};
        values.forEach((sample, value) -> count[0] += Double.isNaN(value) ? 0 : 1);
        return count[0];
    }

    /**
     * Finds a value by its rank in descending order. NaN values are left out.
     *
     * @param rank from 0, the highest value
     * @throws InvalidArgumentException if there are not that many values
     */
    public static double descending(Values values, long rank) {
        return descending(values, rank, FEW);
    }

    static double descending(Values values, long rank, int few) {
        long prefix = 0;
        long before = 0; // number of values above all that have the prefix
        for (int shift = Long.SIZE - DIGIT; ; shift -= DIGIT) {
            long[] counts = new long[1 << DIGIT];
            long wanted = prefix;
            int bits = shift;
            values.forEach((sample, value) -> {
                if (!Double.isNaN(value)) {
                    long key = key(value);
                    if (hasPrefix(key, wanted, bits + DIGIT)) {
                        counts[(int) (key >>> bits) & (1 << DIGIT) - 1]++;
                    }
                }
            });
            int digit = counts.length - 1;
            while (digit >= 0 && before + counts[digit] <= rank) {
                before += counts[digit--];
            }
            if (digit < 0 || rank < 0) {
                throw new InvalidArgumentException("rank " + rank + " of " + before + " values");
            }
            prefix |= (long) digit << shift;
            if (shift == 0) {
                return value(prefix);
            }
            if (counts[digit] <= few) {
                return sorted(values, prefix, shift, (int) counts[digit], rank - before);
            }
        }
    }

    private static double sorted(Values values, long prefix, int shift, int count, long rank) {
        double[] rest = new double[count];
        int[] next = {0};
        values.forEach((sample, value) -> {
            if (!Double.isNaN(value) && hasPrefix(key(value), prefix, shift)) {
                rest[next[0]++] = value + 0.0; // -0.0 becomes 0.0
            }
        });
        Arrays.sort(rest);
        return rest[count - 1 - (int) rank];
    }

    private static boolean hasPrefix(long key, long prefix, int shift) {
        return shift == Long.SIZE || key >>> shift == prefix >>> shift;
    }

    /** Unsigned keys in the order of the numbers. The two zeros have the same key. */
    private static long key(double value) {
        long bits = Double.doubleToLongBits(value + 0.0);
        return bits ^ (bits >> 63 | Long.MIN_VALUE);
    }

    private static double value(long key) {
        return Double.longBitsToDouble(key < 0 ? key ^ Long.MIN_VALUE : ~key);
    }
}
