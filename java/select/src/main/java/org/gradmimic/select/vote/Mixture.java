package org.gradmimic.select.vote;

import java.io.Serializable;
import java.util.function.DoubleUnaryOperator;

/**
 * A mixture of two normal distributions.
 *
 * @param high the component with the higher mean: its values are worth keeping
 * @param low the other component
 * @param logLikelihood the mean log-likelihood of a value
 * @param converged whether the fit converged
 */
public record Mixture(Component high, Component low, double logLikelihood, boolean converged) implements Serializable {

    /**
     * One normal distribution.
     *
     * @param weight its share of the values, 0 to 1
     * @param mean its mean
     * @param variance its variance, above 0
     */
    public record Component(double weight, double mean, double variance) implements Serializable {}

    /** The log odds that a value belongs to the high component, as a function of the value. */
    DoubleUnaryOperator logOdds() {
        double constant = StrictMath.log(high.weight / low.weight)
                - 0.5 * (StrictMath.log(high.variance) - StrictMath.log(low.variance));
        return value -> {
            double toHigh = value - high.mean;
            double toLow = value - low.mean;
            return constant - 0.5 * toHigh * toHigh / high.variance + 0.5 * toLow * toLow / low.variance;
        };
    }

    /**
     * The values that more likely belong to the high component. The log odds are a quadratic function with one turning
     * point, so they change sign at most once on each side of it.
     */
    Cut cut() {
        DoubleUnaryOperator logOdds = logOdds();
        FloatTest high = value -> logOdds.applyAsDouble(value) >= 0;
        double turn = (this.low.mean / this.low.variance - this.high.mean / this.high.variance)
                / (1 / this.low.variance - 1 / this.high.variance);
        boolean inRange = Math.abs(turn) <= Float.MAX_VALUE; // also false for NaN
        float middle = inRange ? (float) turn : Float.MAX_VALUE;
        boolean kept = high.holds(middle);
        float from = high.holds(-Float.MAX_VALUE) == kept
                ? Float.NEGATIVE_INFINITY
                : first(-Float.MAX_VALUE, middle, value -> high.holds(value) == kept);
        float to = high.holds(Float.MAX_VALUE) == kept
                ? Float.POSITIVE_INFINITY
                : -first(-Float.MAX_VALUE, -middle, value -> high.holds(-value) == kept);
        if (kept) {
            return new Cut(from, to, true);
        }
        if (from == Float.NEGATIVE_INFINITY) {
            return to == Float.POSITIVE_INFINITY ? Cut.NONE : Cut.atLeast(Math.nextUp(to));
        }
        return to == Float.POSITIVE_INFINITY ? Cut.atMost(Math.nextDown(from)) : new Cut(from, to, false);
    }

    private interface FloatTest {
        boolean holds(float value);
    }

    /**
     * The lowest float for which a test holds, given that it fails at {@code from} and holds at {@code to} or just
     * beside it.
     */
    private static float first(float from, float to, FloatTest test) {
        int below = FloatKey.of(from);
        int above = FloatKey.of(to);
        while (Integer.compareUnsigned(below + 1, above) < 0) {
            int middle = below + Integer.divideUnsigned(above - below, 2);
            if (test.holds(FloatKey.value(middle))) {
                above = middle;
            } else {
                below = middle;
            }
        }
        return FloatKey.value(above);
    }
}
