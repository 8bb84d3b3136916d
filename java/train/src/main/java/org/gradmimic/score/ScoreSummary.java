package org.gradmimic.score;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The summary of a run of {@link Scoring}.
 *
 * @param samples N
 * @param nonFinite number of samples without a finite score, toward at least one reference
 * @param nonFiniteSamples the first ten of these samples
 * @param invalidSamples the first ten samples of a contrastive loss whose features are not finite, or zero; no sample
 *     of their batches has a finite score
 * @param directionNorms ‖V‖ of every reference
 */
public record ScoreSummary(
        long samples,
        long nonFinite,
        List<Long> nonFiniteSamples,
        List<Long> invalidSamples,
        List<Double> directionNorms) {
    /** The largest number of samples that a message lists. */
    static final int NAMED = 10;

    /**
     * Describes which samples make the scores of the samples compared with them non-finite; empty if there are none.
     */
    public static String blame(List<Long> invalidSamples) {
        if (invalidSamples.isEmpty()) return "";
        return "non-finite or zero features: sample" + (invalidSamples.size() == 1 ? " " : "s ")
                + invalidSamples.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (invalidSamples.size() == NAMED ? ", ..." : "")
                + "; the scores of all others in a batch depend on them";
    }
}
