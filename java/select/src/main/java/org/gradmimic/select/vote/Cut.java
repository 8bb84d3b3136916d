package org.gradmimic.select.vote;

import java.io.Serializable;

/**
 * The decision of a {@link Binarizer}: keep the values of an interval, or those outside it. Both ends belong to the
 * interval, so if {@code inside} is false, values strictly below {@code low} or strictly above {@code high} are kept.
 *
 * @param low the lower end of the interval
 * @param high the upper end; below {@code low} if the interval is empty
 * @param inside whether the values in the interval are kept, or the others
 */
public record Cut(float low, float high, boolean inside) implements Serializable {

    /** Keeps everything. */
    public static final Cut ALL = new Cut(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, true);

    /** Keeps nothing. */
    public static final Cut NONE = new Cut(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, true);

    /** Keeps values of at least {@code limit}. */
    public static Cut atLeast(float limit) {
        return new Cut(limit, Float.POSITIVE_INFINITY, true);
    }

    /** Keeps values of at most {@code limit}. */
    public static Cut atMost(float limit) {
        return new Cut(Float.NEGATIVE_INFINITY, limit, true);
    }

    /**
     * {@return whether a value is kept}
     *
     * @param value not NaN
     */
    public boolean keeps(float value) {
        return ((value >= low) & (value <= high)) == inside; // no branch, because it would be unpredictable
    }

    @Override
    public String toString() {
        if (equals(ALL)) {
            return "all";
        }
        if (equals(NONE)) {
            return "none";
        }
        if (!inside) {
            return "< " + low + " or > " + high;
        }
        if (high == Float.POSITIVE_INFINITY) {
            return ">= " + low;
        }
        return low == Float.NEGATIVE_INFINITY ? "<= " + high : low + " to " + high;
    }
}
