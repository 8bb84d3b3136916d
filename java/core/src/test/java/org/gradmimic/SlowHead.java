package org.gradmimic;

/** A linear head with cross-entropy in plain double loops: one gradient a sample, formed in full. */
public final class SlowHead {
    /** [B], ℓ_i. */
    public final double[] loss;

    /** [B][C], the gradient of the bias. */
    public final double[][] delta;

    /** [B][C·D], the gradient of the weight. */
    public final double[][] gradient;

    /**
     * @param weight [C·D]
     * @param bias [C]
     * @param features [B][D]
     * @param labels [B]
     */
    public SlowHead(double[] weight, double[] bias, double[][] features, long[] labels) {
        int rows = features.length;
        int classes = bias.length;
        int width = weight.length / classes;
        loss = new double[rows];
        delta = new double[rows][classes];
        gradient = new double[rows][classes * width];
        for (int i = 0; i < rows; i++) {
            double[] z = bias.clone();
            double max = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < classes; c++) {
                for (int d = 0; d < width; d++) z[c] += weight[c * width + d] * features[i][d];
                max = Math.max(max, z[c]);
            }
            double sum = 0;
            for (double x : z) sum += Math.exp(x - max);
            int y = (int) labels[i];
            loss[i] = max + Math.log(sum) - z[y];
            for (int c = 0; c < classes; c++) {
                delta[i][c] = Math.exp(z[c] - max) / sum - (c == y ? 1 : 0);
                for (int d = 0; d < width; d++) gradient[i][c * width + d] = delta[i][c] * features[i][d];
            }
        }
    }

    /** ‖g_i‖ of every sample. */
    public double[] norms() {
        double[] norms = new double[loss.length];
        for (int i = 0; i < norms.length; i++) norms[i] = norm(gradient[i]);
        return norms;
    }

    /** (1/B) Σ g_i. */
    public double[] meanGradient() {
        double[] mean = new double[gradient[0].length];
        for (double[] g : gradient) for (int j = 0; j < mean.length; j++) mean[j] += g[j] / gradient.length;
        return mean;
    }

    /** m_i = ⟨−g_i, V⟩/‖V‖; 0 where ‖V‖ = 0. */
    public double[] scores(double[] direction) {
        double norm = norm(direction);
        double[] scores = new double[loss.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = norm == 0 ? 0 : -PerSample.dot(gradient[i], direction) / norm;
        }
        return scores;
    }

    public static double norm(double[] vector) {
        return Math.sqrt(PerSample.dot(vector, vector));
    }
}
