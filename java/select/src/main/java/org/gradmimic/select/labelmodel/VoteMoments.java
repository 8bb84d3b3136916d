package org.gradmimic.select.labelmodel;

import java.util.OptionalDouble;
import org.gradmimic.base.InputException;

/**
 * Accuracies and balance from the second and third moments of votes ±1. Let y = ±1 be the truth and m its mean. The
 * vote of a source has the conditional mean c + d·y. For sources that are independent given y:
 *
 * <pre>
 * Cov(λᵢ, λⱼ) = sᵢ sⱼ  with  s = d √(1 − m²),     E (λᵢ − μᵢ)(λⱼ − μⱼ)(λₖ − μₖ) = −2 sᵢ sⱼ sₖ m / √(1 − m²).
 * </pre>
 *
 * Three covariances give an s, and the third moment gives m. An abstention is left out of its pairs and triples.
 */
final class VoteMoments {

    /** The number of standard errors from which two sources agree, or disagree, by more than chance. */
    private static final double SIGNIFICANT = 3;
    /** Estimates from moments may leave the range of probabilities, and a start should not lie at its edge. */
    private static final double START_EDGE = 0.01;

    private final long[] pattern;
    private final double[] count;
    private final int sources;
    private final double[] mean;
    private final double[][] covariance;
    private final boolean[][] related;

    VoteMoments(long[] pattern, double[] count, int sources) {
        this.pattern = pattern;
        this.count = count;
        this.sources = sources;
        mean = new double[sources];
        for (int j = 0; j < sources; j++) {
            double votes = 0;
            for (int p = 0; p < pattern.length; p++) {
                double vote = sign(pattern[p], j);
                votes += count[p] * vote * vote;
                mean[j] += count[p] * vote;
            }
            mean[j] = votes == 0 ? 0 : mean[j] / votes;
        }
        covariance = new double[sources][sources];
        related = new boolean[sources][sources];
        for (int i = 0; i < sources; i++) {
            for (int j = 0; j < i; j++) {
                pair(i, j);
            }
        }
    }

    private void pair(int i, int j) {
        double n = 0;
        double sum = 0;
        for (int p = 0; p < pattern.length; p++) {
            double vi = sign(pattern[p], i);
            double vj = sign(pattern[p], j);
            if (vi != 0 && vj != 0) {
                n += count[p];
                sum += count[p] * (vi - mean[i]) * (vj - mean[j]);
            }
        }
        double value = n == 0 ? 0 : sum / n;
        double spread = Math.sqrt((1 - mean[i] * mean[i]) * (1 - mean[j] * mean[j]));
        covariance[i][j] = value;
        covariance[j][i] = value;
        related[i][j] = spread > 0 && Math.abs(value) / spread * Math.sqrt(n) >= SIGNIFICANT;
        related[j][i] = related[i][j];
    }

    /**
     * Requires three sources that agree with each other by more than chance. Fewer do not determine accuracies and
     * balance.
     *
     * @throws InputException if there are no three such sources
     */
    void requireIdentifiable() {
        if (sources < 3) {
            throw notIdentifiable("there " + (sources == 1 ? "is 1 epoch" : "are " + sources + " epochs")
                    + ", but accuracies can only be estimated from the agreements of three or more");
        }
        for (int i = 0; i < sources; i++) {
            for (int j = 0; j < i; j++) {
                for (int k = 0; k < j; k++) {
                    if (related[i][j] && related[j][k] && related[i][k]) {
                        return;
                    }
                }
            }
        }
        throw notIdentifiable("no three epochs have votes that agree or disagree more often than by chance");
    }

    private static InputException notIdentifiable(String why) {
        return new InputException(
                "the votes do not determine a label model: " + why + "; use the majority or the mean");
    }

    /** The parameters, in the order of {@link LabelModelFit}. */
    double[] start(OptionalDouble givenBalance) {
        double[] s = new double[sources];
        for (int i = 0; i < sources; i++) {
            s[i] = strength(i);
        }
        double m = givenBalance.isPresent() ? 2 * givenBalance.getAsDouble() - 1 : meanOfTruth(s);
        double[] logits = new double[1 + 2 * sources];
        logits[0] = LabelModelFit.logit(inside((1 + m) / 2));
        for (int j = 0; j < sources; j++) {
            double d = s[j] / Math.sqrt(1 - m * m);
            double c = mean[j] - d * m;
            logits[1 + j] = LabelModelFit.logit(inside((1 + c + d) / 2));
            logits[1 + sources + j] = LabelModelFit.logit(inside((1 - c + d) / 2));
        }
        return logits;
    }

    /**
     * The s of a source: the mean over the triples that contain it, with the sign on which most of the others agree.
     */
    private double strength(int i) {
        double sum = 0;
        int triples = 0;
        double agreement = 0;
        for (int j = 0; j < sources; j++) {
            agreement += covariance[i][j];
            for (int k = 0; k < j; k++) {
                if (i != j && i != k && related[j][k]) {
                    sum += Math.abs(covariance[i][j] * covariance[i][k] / covariance[j][k]);
                    triples++;
                }
            }
        }
        return triples == 0 ? 0 : Math.signum(agreement) * Math.sqrt(Math.min(1, sum / triples));
    }

    /** m, by least squares over neighbouring triples. */
    private double meanOfTruth(double[] s) {
        double above = 0;
        double below = 0;
        for (int i = 0; i < (sources == 3 ? 1 : sources); i++) {
            int j = (i + 1) % sources;
            int k = (i + 2) % sources;
            double product = s[i] * s[j] * s[k];
            above -= third(i, j, k) * product;
            below += 2 * product * product;
        }
        double ratio = below == 0 ? 0 : above / below; // m / √(1 − m²)
        return ratio / Math.sqrt(1 + ratio * ratio);
    }

    private double third(int i, int j, int k) {
        double n = 0;
        double sum = 0;
        for (int p = 0; p < pattern.length; p++) {
            double vi = sign(pattern[p], i);
            double vj = sign(pattern[p], j);
            double vk = sign(pattern[p], k);
            if (vi != 0 && vj != 0 && vk != 0) {
                n += count[p];
                sum += count[p] * (vi - mean[i]) * (vj - mean[j]) * (vk - mean[k]);
            }
        }
        return n == 0 ? 0 : sum / n;
    }

    private static double inside(double probability) {
        return Math.min(1 - START_EDGE, Math.max(START_EDGE, probability));
    }

    private static double sign(long pattern, int source) {
        return switch (VotePatterns.vote(pattern, source)) {
            case VotePatterns.KEEP -> 1;
            case VotePatterns.DISCARD -> -1;
            default -> 0;
        };
    }
}
