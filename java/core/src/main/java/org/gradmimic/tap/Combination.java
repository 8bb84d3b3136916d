package org.gradmimic.tap;

/**
 * Which score weighs a sample that has one for each of several references.
 *
 * @param rule how
 * @param reference the one that counts, for {@link Rule#ONE}
 */
public record Combination(Rule rule, int reference) {
    /** The rules. */
    public enum Rule {
        ONE,
        MEAN,
        MIN
    }

    /** The score toward reference k alone. */
    public static Combination one(int k) {
        return new Combination(Rule.ONE, k);
    }

    /** The mean over the references. */
    public static Combination mean() {
        return new Combination(Rule.MEAN, 0);
    }

    /** The least over the references. */
    public static Combination min() {
        return new Combination(Rule.MIN, 0);
    }

    /** One score for each of B samples from [K][B]; NaN if one of those it is made of is. */
    double[] of(double[][] scores) {
        if (rule == Rule.ONE) return scores[reference].clone();
        double[] combined = scores[0].clone();
        for (int k = 1; k < scores.length; k++) {
            for (int i = 0; i < combined.length; i++) {
                combined[i] = rule == Rule.MIN ? Math.min(combined[i], scores[k][i]) : combined[i] + scores[k][i];
            }
        }
        for (int i = 0; rule == Rule.MEAN && i < combined.length; i++) combined[i] /= scores.length;
        return combined;
    }
}
