package org.gradmimic.audit;

import org.jspecify.annotations.Nullable;

/**
 * A sample whose label the audit believes wrong.
 *
 * @param rank from 1, the worst first
 * @param id the sample's number in its split
 * @param path its path, relative to the root of the data set
 * @param givenLabel the name of its class
 * @param suggestedLabel the class that the trained head prefers; null if that is the given one
 * @param mimicScore the mean of its mimic scores over the epochs; the lower, the worse
 * @param keepProbability the probability that it is worth keeping, from the votes of all epochs
 * @param loss the mean of its losses over the epochs, each before the step
 */
public record Issue(
        int rank,
        long id,
        String path,
        String givenLabel,
        @Nullable String suggestedLabel,
        float mimicScore,
        float keepProbability,
        float loss) {}
