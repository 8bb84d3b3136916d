package org.gradmimic;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/** METHOD's weights in plain doubles, for finite samples. */
public final class SlowWeights {
    private SlowWeights() {}

    /**
     * @param score m_i toward the direction
     * @param norm ‖g_i‖
     * @param directionNorm ‖V‖
     * @param excess ℓ_i(θ) − ℓ_i(θ_ref), for rho
     */
    public static double[] of(
            Weighting weighting, double[] score, double[] norm, double directionNorm, double[] excess) {
        int n = norm.length;
        double[] cos = new double[n];
        for (int i = 0; i < n && score != null; i++) cos[i] = norm[i] == 0 ? 0 : score[i] / norm[i];
        return switch (weighting.kind()) {
            case UNIFORM -> filled(n, 1.0 / n);
            case PROJ -> score.clone();
            case COS -> cos;
            case NORMED_PROJ -> softmax(score, weighting.temperature());
            case NORMED_COS -> softmax(cos, weighting.temperature());
            case GRAND -> softmax(norm, 1);
            case RHO -> softmax(excess, 1);
            case AGRA -> agreeing(score);
            case OPT -> optimal(score, norm, directionNorm, weighting.lambda());
        };
    }

    private static double[] filled(int n, double value) {
        double[] w = new double[n];
        Arrays.fill(w, value);
        return w;
    }

    private static double[] softmax(double[] x, double temperature) {
        double max = Arrays.stream(x).max().orElse(0);
        double[] w =
                Arrays.stream(x).map(v -> Math.exp((v - max) / temperature)).toArray();
        double sum = Arrays.stream(w).sum();
        return Arrays.stream(w).map(v -> v / sum).toArray();
    }

    private static double[] agreeing(double[] score) {
        long positive = Arrays.stream(score).filter(m -> m > 0).count();
        if (positive == 0) return filled(score.length, 1.0 / score.length);
        return Arrays.stream(score).map(m -> m > 0 ? 1.0 / positive : 0).toArray();
    }

    /**
     * argmin over w of Σ‖w_i n_i − D‖ + λ‖w‖, by turns: with r = ‖w‖ held, every w_i minimises ‖w n_i − D‖ + λw²/(2r) on
     * its own; r is then searched for where it is the norm of what comes out.
     */
    private static double[] optimal(double[] score, double[] norm, double distance, double lambda) {
        int n = norm.length;
        double[] w = new double[n];
        for (int i = 0; i < n; i++) if (norm[i] > 0) w[i] = score[i] * distance / (norm[i] * norm[i]);
        if (lambda == 0 || distance == 0) return w;
        if (SlowHead.norm(score) <= lambda) return new double[n];
        double[] free = w.clone();
        double low = 0;
        double high = SlowHead.norm(free);
        for (int step = 0; step < 100; step++) {
            double r = (low + high) / 2;
            for (int i = 0; i < n; i++) {
                double p = norm[i];
                double q = score[i] * distance;
                if (p == 0) continue;
                DoubleUnaryOperator slope = x ->
                        (x * p * p - q) / Math.sqrt(Math.max(1e-300, x * x * p * p - 2 * x * q + distance * distance))
                                + lambda / r * x;
                w[i] = root(slope, Math.min(0, free[i]), Math.max(0, free[i]));
            }
            if (SlowHead.norm(w) > r) low = r;
            else high = r;
        }
        return w;
    }

    private static double root(DoubleUnaryOperator rising, double low, double high) {
        for (int step = 0; step < 100; step++) {
            double middle = (low + high) / 2;
            if (rising.applyAsDouble(middle) > 0) high = middle;
            else low = middle;
        }
        return (low + high) / 2;
    }
}
