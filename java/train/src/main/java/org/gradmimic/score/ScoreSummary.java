package org.gradmimic.score;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a run of {@link Scoring} found.
 *
 * @param samples N
 * @param nonFinite number of samples without a finite score, toward at least one reference
 * @param nonFiniteSamples the first ten of them
 * @param invalidSamples the first ten samples of a contrastive loss whose features are not finite, or zero: no sample of
 *     their batches has a finite score
 * @param directionNorms ‖V‖ of every reference
 */
public record ScoreSummary(
        long samples,
        long nonFinite,
        List<Long> nonFiniteSamples,
        List<Long> invalidSamples,
        List<Double> directionNorms) {
    /** How many samples are named. */
    static final int NAMED = 10;

    /** Says which samples spoil the scores of the samples they are compared with; empty if none does. */
    public static String blame(List<Long> invalidSamples) {
        if (invalidSamples.isEmpty()) return "";
        return "non-finite or zero features: sample" + (invalidSamples.size() == 1 ? " " : "s ")
                + invalidSamples.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (invalidSamples.size() == NAMED ? ", ..." : "")
                + "; the scores of all others in a batch depend on them";
    }
}
