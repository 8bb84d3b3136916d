package org.gradmimic.select;

import java.util.Arrays;

/** Exact 2-means in one dimension. */
final class TwoMeans {

    private TwoMeans() {}

    /**
     * Where the best split lies: values of at least the result are the higher cluster.
     *
     * @param values [n] finite values; not changed
     * @return the higher cluster's lowest value; the lowest of all if all are equal, -∞ for none
     */
    static float lowestOfHigherCluster(float[] values) {
        if (values.length == 0) {
            return Float.NEGATIVE_INFINITY;
        }
        float[] sorted = values.clone();
        Arrays.sort(sorted);
        double mean = mean(sorted);
        // The sum of squares within the clusters is that of all values less S₁²/n₁ + S₂²/n₂. About the mean S₂ = −S₁,
        // and subtracting it first keeps the sums small where the values are nearly equal.
        double below = 0;
        double best = Double.NEGATIVE_INFINITY;
        int split = 0;
        for (int i = 1; i < sorted.length; i++) {
            below += sorted[i - 1] - mean;
            double between = below * below * (1.0 / i + 1.0 / (sorted.length - i));
            // Equal values belong together; the optimum never parts them, but its rounding might.
            if (sorted[i - 1] < sorted[i] && between > best) {
                best = between;
                split = i;
            }
        }
        return sorted[split];
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / values.length;
    }
}
