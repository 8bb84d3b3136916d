package org.gradmimic.bench;

import java.util.Arrays;

/**
 * A median with the 95 % interval that order statistics give, whatever the distribution: the true median lies between the
 * k-th smallest and the k-th largest of n values with probability 1 − 2 P(Binomial(n, ½) &lt; k).
 *
 * @param median of the values
 * @param low lower end
 * @param high upper end
 */
record Interval(double median, double low, double high) {
    static Interval of(double[] values) {
        if (values.length == 0) throw new IllegalArgumentException("the median of no values");
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        int k = rank(n);
        return new Interval(median, sorted[k - 1], sorted[n - k]);
    }

    /** The largest k of at least 95 % coverage; 1 (the extremes) where n is too small for any. */
    static int rank(int n) {
        double term = Math.pow(0.5, n);
        double below = term;
        int k = 1;
        while (k < n / 2) {
            term *= (double) (n - k + 1) / k;
            if (2 * (below + term) > 0.05) break;
            below += term;
            k++;
        }
        return k;
    }
}
