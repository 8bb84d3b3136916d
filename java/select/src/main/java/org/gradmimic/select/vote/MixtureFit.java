package org.gradmimic.select.vote;

import org.gradmimic.select.internal.Squarem;
import org.jspecify.annotations.Nullable;

/**
 * EM for a mixture of two normal distributions, on cells instead of values. The values of a cell are not all at its
 * mean. The posterior is taken as linear or quadratic across the cell, and the contribution of the cell's variance is
 * added. With cells of a tenth of a standard deviation the parameters are accurate to about 1e-6. {@code StrictMath}
 * gives every machine the same bits.
 */
final class MixtureFit {

    /** In a wider cell the posterior is not a parabola, so it is taken at the mean alone. */
    private static final double PARABOLA = 0.1;
    /**
     * The fit has converged if a step moves no parameter by more: means in standard deviations, log variances, log odds
     * of the weights.
     */
    private static final double AT_REST = 1e-9;

    private static final int CYCLES = 1_000;

    private static final double LOG_TWO_PI = StrictMath.log(2 * Math.PI);

    private static final int LOG_ODDS = 0;
    private static final int MEAN = 1;
    private static final int LOG_VARIANCE = 3;

    private final int size;
    private final double[] count;
    private final double[] mean;
    private final double[] variance;
    private final double total;
    private final double center;
    private final double scale;
    /**
     * For each component and cell: the expected number of values, and the contribution of their spread to the sum of
     * values.
     */
    private final double[][] share;

    private final double[][] tilt;

    MixtureFit(Cells cells) {
        size = cells.size();
        count = new double[size];
        mean = new double[size];
        variance = new double[size];
        for (int i = 0; i < size; i++) {
            count[i] = cells.count(i);
            mean[i] = cells.mean(i);
            variance[i] = cells.variance(i);
        }
        total = cells.total();
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += count[i] * (mean[i] - mean[0]);
        }
        center = mean[0] + sum / total;
        double squares = 0;
        for (int i = 0; i < size; i++) {
            squares += count[i] * ((mean[i] - center) * (mean[i] - center) + variance[i]);
        }
        scale = Math.sqrt(squares / total);
        share = new double[2][size];
        tilt = new double[2][size];
    }

    /**
     * Assigns the cells below {@code split} to one component and the other cells to the other.
     *
     * @return parameters for {@link #improve}; null if one side is empty
     */
    double @Nullable [] splitAt(double split) {
        for (int i = 0; i < size; i++) {
            boolean high = mean[i] >= split;
            share[0][i] = high ? count[i] : 0;
            share[1][i] = high ? 0 : count[i];
            tilt[0][i] = 0;
            tilt[1][i] = 0;
        }
        double[] parameters = new double[5];
        return maximize(parameters) ? parameters : null;
    }

    /** A narrow and a wide component with about the same mean. */
    double[] narrowAndWide() {
        double logVariance = 2 * StrictMath.log(scale);
        return new double[] {0, center / scale, center / scale, logVariance - 2, logVariance + 1};
    }

    /** The mean log-likelihood of a value under the best single normal distribution. */
    double single() {
        return -0.5 * (LOG_TWO_PI + 2 * StrictMath.log(scale) + 1);
    }

    /** The parameters of a mixture. */
    double[] parameters(Mixture mixture) {
        return new double[] {
            StrictMath.log(mixture.high().weight() / mixture.low().weight()),
            mixture.high().mean() / scale,
            mixture.low().mean() / scale,
            StrictMath.log(mixture.high().variance()),
            StrictMath.log(mixture.low().variance())
        };
    }

    /** Makes some plain EM steps. */
    void improve(double[] parameters, int steps) {
        double[] next = new double[parameters.length];
        for (int i = 0; i < steps; i++) {
            step(parameters, next);
            System.arraycopy(next, 0, parameters, 0, next.length);
        }
    }

    /** Iterates to the maximum. */
    Mixture maximum(double[] parameters) {
        boolean converged = Squarem.run(this::step, parameters, AT_REST, CYCLES);
        return mixture(parameters, converged);
    }

    /** The mixture of some parameters, with its components in order and its likelihood. */
    Mixture mixture(double[] parameters, boolean converged) {
        double likelihood = expect(parameters);
        double odds = StrictMath.exp(-Math.abs(parameters[LOG_ODDS]));
        double larger = 1 / (1 + odds);
        double smaller = odds / (1 + odds);
        boolean firstIsLarger = parameters[LOG_ODDS] >= 0;
        Mixture.Component[] components = new Mixture.Component[2];
        for (int k = 0; k < 2; k++) {
            components[k] = new Mixture.Component(
                    (k == 0) == firstIsLarger ? larger : smaller,
                    parameters[MEAN + k] * scale,
                    StrictMath.exp(parameters[LOG_VARIANCE + k]));
        }
        int high = components[0].mean() >= components[1].mean() ? 0 : 1;
        return new Mixture(components[high], components[1 - high], likelihood, converged);
    }

    /**
     * The variance below which a component at {@code mean} is a single value: neighbouring floats are no closer there.
     */
    static double pointVariance(double mean) {
        double spacing = Math.ulp((float) mean);
        return spacing * spacing;
    }

    private double step(double[] from, double[] to) {
        double likelihood = expect(from);
        if (!Double.isFinite(likelihood)) {
            System.arraycopy(from, 0, to, 0, from.length);
            return Double.NEGATIVE_INFINITY;
        }
        if (!maximize(to)) { // a component has vanished
            System.arraycopy(from, 0, to, 0, from.length);
        }
        return likelihood;
    }

    /** Distributes every cell over the components, and returns the mean log-likelihood of a value. */
    private double expect(double[] parameters) {
        double mean0 = parameters[MEAN] * scale;
        double mean1 = parameters[MEAN + 1] * scale;
        double precision0 = StrictMath.exp(-parameters[LOG_VARIANCE]);
        double precision1 = StrictMath.exp(-parameters[LOG_VARIANCE + 1]);
        double logOdds = parameters[LOG_ODDS];
        // log w₁ and log w₀ from their difference
        double logWeight1 = -(Math.max(0, logOdds) + StrictMath.log1p(StrictMath.exp(-Math.abs(logOdds))));
        double log0 = logOdds + logWeight1 - 0.5 * (LOG_TWO_PI + parameters[LOG_VARIANCE]);
        double log1 = logWeight1 - 0.5 * (LOG_TWO_PI + parameters[LOG_VARIANCE + 1]);
        double likelihood = 0;
        for (int i = 0; i < size; i++) {
            double x0 = mean[i] - mean0;
            double x1 = mean[i] - mean1;
            double density0 = log0 - 0.5 * x0 * x0 * precision0;
            double density1 = log1 - 0.5 * x1 * x1 * precision1;
            double odds = density0 - density1;
            double e = StrictMath.exp(-Math.abs(odds));
            double major = 1 / (1 + e);
            double minor = e * major;
            double r0 = odds >= 0 ? major : minor;
            double r1 = odds >= 0 ? minor : major;
            double slope = x1 * precision1 - x0 * precision0;
            double bend = precision1 - precision0;
            double v = variance[i];
            double both = major * minor;
            // E log p over the cell: the second derivative of log p times v/2.
            double curvature = -r0 * precision0 - r1 * precision1;
            double tilted = 0;
            if ((slope * slope + Math.abs(bend)) * v < PARABOLA) {
                curvature += both * slope * slope;
                double shift = 0.5 * v * both * ((r1 - r0) * slope * slope + bend);
                r0 = Math.min(1, Math.max(0, r0 + shift));
                r1 = Math.min(1, Math.max(0, r1 - shift));
                tilted = count[i] * both * slope * v;
            }
            likelihood += count[i] * (Math.max(density0, density1) + log1p(e) + 0.5 * v * curvature);
            share[0][i] = count[i] * r0;
            share[1][i] = count[i] * r1;
            tilt[0][i] = tilted;
            tilt[1][i] = -tilted;
        }
        return likelihood / total;
    }

    /**
     * Computes the weights, means and variances of the components from their shares; false if a component has no share.
     */
    private boolean maximize(double[] to) {
        double[] weight = new double[2];
        for (int k = 0; k < 2; k++) {
            double[] r = share[k];
            double[] t = tilt[k];
            double n = 0;
            double sum = 0;
            for (int i = 0; i < size; i++) {
                n += r[i];
                sum += r[i] * (mean[i] - center) + t[i];
            }
            if (!(n > 0)) {
                return false;
            }
            double m = center + sum / n;
            double squares = 0;
            for (int i = 0; i < size; i++) {
                double x = mean[i] - m;
                squares += r[i] * (x * x + variance[i]) + 2 * x * t[i];
            }
            weight[k] = n;
            to[MEAN + k] = m / scale;
            to[LOG_VARIANCE + k] = StrictMath.log(Math.max(squares / n, pointVariance(m)));
        }
        to[LOG_ODDS] = StrictMath.log(weight[0] / weight[1]);
        return true;
    }

    /** log(1 + e). For most cells e is 0, because they belong to one component alone. */
    private static double log1p(double e) {
        return e < 1e-17 ? e : StrictMath.log1p(e);
    }
}
