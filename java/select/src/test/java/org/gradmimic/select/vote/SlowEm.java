package org.gradmimic.select.vote;

/** Plain EM for a mixture of two normal distributions, on the values one by one, until nothing moves any more. */
final class SlowEm {

    private SlowEm() {}

    static Mixture run(float[] values, Mixture start) {
        double[] w = {start.high().weight(), start.low().weight()};
        double[] m = {start.high().mean(), start.low().mean()};
        double[] v = {start.high().variance(), start.low().variance()};
        double likelihood = 0;
        for (int step = 0; step < 5_000; step++) {
            double[] n = new double[2];
            double[] sum = new double[2];
            double[] squares = new double[2];
            likelihood = 0;
            for (float value : values) {
                double[] log = new double[2];
                for (int k = 0; k < 2; k++) {
                    log[k] =
                            Math.log(w[k] / Math.sqrt(2 * Math.PI * v[k])) - (value - m[k]) * (value - m[k]) / 2 / v[k];
                }
                double both = Math.max(log[0], log[1]) + Math.log1p(Math.exp(-Math.abs(log[0] - log[1])));
                likelihood += both;
                for (int k = 0; k < 2; k++) {
                    double r = Math.exp(log[k] - both);
                    double x = value - m[k];
                    n[k] += r;
                    sum[k] += r * x;
                    squares[k] += r * x * x;
                }
            }
            double moved = 0;
            for (int k = 0; k < 2; k++) {
                double shift = sum[k] / n[k];
                w[k] = n[k] / values.length;
                m[k] += shift;
                double next = squares[k] / n[k] - shift * shift;
                moved = Math.max(moved, Math.max(Math.abs(shift) / Math.sqrt(next), Math.abs(next / v[k] - 1)));
                v[k] = next;
            }
            if (moved < 1e-9) {
                break;
            }
        }
        return new Mixture(
                new Mixture.Component(w[0], m[0], v[0]),
                new Mixture.Component(w[1], m[1], v[1]),
                likelihood / values.length,
                true);
    }
}
