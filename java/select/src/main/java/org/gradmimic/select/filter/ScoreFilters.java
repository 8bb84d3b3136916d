package org.gradmimic.select.filter;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.gradmimic.select.Filter;
import org.gradmimic.select.InputException;

/**
 * Filters from a number a sample. A sample without one, NaN, is never kept and not counted. Equal values are kept or
 * discarded together: the last value that is kept takes those that equal it along.
 */
public final class ScoreFilters {
    private ScoreFilters() {}

    /**
     * Keeps values of at least {@code limit}.
     *
     * @throws IllegalArgumentException if {@code limit} is NaN
     * @throws InputException if a value is infinite; names the sample
     */
    public static Filter atLeast(Values values, double limit) {
        if (Double.isNaN(limit)) {
            throw new IllegalArgumentException("the limit is NaN");
        }
        return keep(values, limit, Double.POSITIVE_INFINITY);
    }

    /**
     * Keeps the highest ⌊share · n⌋ of n values, computed in decimals (0.29 of 100 is 29).
     *
     * @param share from 0 to 1
     * @throws IllegalArgumentException if {@code share} is not in 0..1
     * @throws InputException if a value is infinite; names the sample
     */
    public static Filter topShare(Values values, double share) {
        long n = finite(values);
        return highest(values, count(share, n));
    }

    /** As {@link #topShare}, the lowest. */
    public static Filter bottomShare(Values values, double share) {
        long n = finite(values);
        long count = count(share, n);
        return count == 0
                ? Filter.none(values.size())
                : keep(values, Double.NEGATIVE_INFINITY, RankSelect.descending(values, n - count));
    }

    /**
     * Keeps the {@code count} highest values, or all if there are fewer.
     *
     * @throws IllegalArgumentException if {@code count} is negative
     * @throws InputException if a value is infinite; names the sample
     */
    public static Filter topCount(Values values, long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count " + count + ": expected 0 or more");
        }
        long n = finite(values);
        return highest(values, Math.min(count, n));
    }

    private static Filter highest(Values values, long count) {
        return count == 0
                ? Filter.none(values.size())
                : keep(values, RankSelect.descending(values, count - 1), Double.POSITIVE_INFINITY);
    }

    private static long count(double share, long n) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share " + share + ": expected 0 to 1");
        }
        return BigDecimal.valueOf(share)
                .multiply(BigDecimal.valueOf(n))
                .setScale(0, RoundingMode.FLOOR)
                .longValueExact();
    }

    private static long finite(Values values) {
        long[] count = {0};
        values.forEach((sample, value) -> {
            requireNotInfinite(sample, value);
            count[0] += Double.isNaN(value) ? 0 : 1;
        });
        return count[0];
    }

    private static Filter keep(Values values, double lowest, double highest) {
        Filter.Builder filter = Filter.builder(values.size());
        values.forEach((sample, value) -> {
            requireNotInfinite(sample, value);
            filter.set(sample, value >= lowest && value <= highest);
        });
        return filter.build();
    }

    private static void requireNotInfinite(long sample, double value) {
        if (Double.isInfinite(value)) {
            throw new InputException(
                    "sample " + sample + ": the value is " + value + ", expected a finite one, or NaN for none");
        }
    }
}
