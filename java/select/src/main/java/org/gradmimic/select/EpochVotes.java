package org.gradmimic.select;

import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.select.vote.Decision;

/**
 * What became of an epoch, or of the means over all epochs.
 *
 * @param seen how many samples have a value
 * @param mean the values' mean
 * @param kept how many of them the rule keeps
 * @param decisions the rule, one a class where it was made per class, else one
 */
public record EpochVotes(long seen, double mean, long kept, List<Decision> decisions) {

    /**
     * Rejects scores that hold no value at all: a filter of them would discard every sample and look like any other.
     *
     * @param seen [E] how many samples have a value in each epoch
     * @param samples N
     * @throws InputException if there are epochs and samples, but all values are NaN
     */
    public static void requireValues(long[] seen, long samples) {
        if (samples > 0 && seen.length > 0 && Arrays.stream(seen).allMatch(n -> n == 0)) {
            throw new InputException("all values are NaN, in " + seen.length + (seen.length == 1 ? " epoch" : " epochs")
                    + " of " + samples + " samples: there is nothing to filter by");
        }
    }
}
