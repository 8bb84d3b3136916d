package org.gradmimic.select;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * Splits the values of one epoch into those to keep and those to discard.
 *
 * <p>A rule sees finite values only, of the samples that were seen; {@link Votes} takes care of the others. It looks at
 * values and not at places: equal values get equal votes, and permuting the samples permutes the votes.
 */
@FunctionalInterface
public interface VoteRule {

    /**
     * @param values [n] finite values; not changed
     * @return [n] true = keep
     */
    boolean[] keep(float[] values);

    /**
     * Keeps values of at least {@code limit}. The paper's rule is a weight of at least 1/B: a limit of 1 on
     * {@link ScoreColumn#RELATIVE_WEIGHT}, or 1/B on weights alone.
     *
     * @param limit the lowest value to keep, compared in float
     * @return the rule
     * @throws IllegalArgumentException if {@code limit} is NaN
     */
    static VoteRule threshold(float limit) {
        if (Float.isNaN(limit)) {
            throw new IllegalArgumentException("threshold is NaN");
        }
        return values -> atLeast(values, limit);
    }

    /**
     * Keeps the higher of the two clusters with the least sum of squared distances to their means. In one dimension the
     * clusters are a split of the sorted values, so trying every split finds the exact optimum, without starting points
     * or iterations. Of equally good splits the lowest is taken. If all values are equal there is one cluster, and it is
     * kept.
     *
     * @return the rule
     */
    static VoteRule twoMeans() {
        return values -> atLeast(values, TwoMeans.lowestOfHigherCluster(values));
    }

    /**
     * Keeps the highest {@code share} of the values: ⌊share · n⌋ of them, computed in decimals (0.29 of 100 is 29), and
     * those that equal the last one kept.
     *
     * @param share from 0 to 1
     * @return the rule
     * @throws IllegalArgumentException if {@code share} is not in 0..1
     */
    static VoteRule topShare(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share " + share + ": expected 0 to 1");
        }
        BigDecimal decimal = BigDecimal.valueOf(share);
        return values -> {
            int count = decimal.multiply(BigDecimal.valueOf(values.length))
                    .setScale(0, RoundingMode.FLOOR)
                    .intValueExact();
            if (count == 0) {
                return new boolean[values.length];
            }
            float[] sorted = values.clone();
            Arrays.sort(sorted);
            return atLeast(values, sorted[sorted.length - count]);
        };
    }

    private static boolean[] atLeast(float[] values, float limit) {
        boolean[] keep = new boolean[values.length];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = values[i] >= limit;
        }
        return keep;
    }
}
