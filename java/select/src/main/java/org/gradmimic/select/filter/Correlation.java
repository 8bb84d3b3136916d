package org.gradmimic.select.filter;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Correlation of two quantities over a few runs, such as the share that a filter keeps and the noise that was added.
 */
public final class Correlation {
    private Correlation() {}

    /**
     * Pearson's coefficient.
     *
     * @param x [n] finite
     * @param y [n] finite
     * @return −1 to 1; NaN where it is undefined: fewer than two pairs, or a quantity that is constant
     * @throws InvalidArgumentException if the lengths differ
     */
    public static double pearson(double[] x, double[] y) {
        requireSameLength(x, y);
        double meanX = Arrays.stream(x).average().orElse(0);
        double meanY = Arrays.stream(y).average().orElse(0);
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.length; i++) {
            double dx = x[i] - meanX;
            double dy = y[i] - meanY;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        if (isConstant(x) || isConstant(y)) {
            return Double.NaN; // a mean that is off by rounding would make the result ±1
        }
        return Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))));
    }

    /**
     * Spearman's coefficient: Pearson's coefficient of the ranks. Equal values share the mean of their ranks.
     *
     * @return as {@link #pearson}
     */
    public static double spearman(double[] x, double[] y) {
        requireSameLength(x, y);
        return pearson(ranks(x), ranks(y));
    }

    private static double[] ranks(double[] values) {
        int[] order = IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> values[i] + 0.0))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] ranks = new double[values.length];
        for (int from = 0, to; from < order.length; from = to) {
            for (to = from; to < order.length && values[order[to]] == values[order[from]]; to++) {
                // to the first greater value
            }
            for (int i = from; i < to; i++) {
                ranks[order[i]] = (from + to - 1) / 2.0;
            }
        }
        return ranks;
    }

    private static boolean isConstant(double[] values) {
        return Arrays.stream(values).allMatch(value -> value == values[0]);
    }

    private static void requireSameLength(double[] x, double[] y) {
        if (x.length != y.length) {
            throw new InvalidArgumentException(x.length + " and " + y.length + " values");
        }
    }
}
