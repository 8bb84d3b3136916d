package org.gradmimic.select;

import java.util.Arrays;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.select.vote.Decision;

/**
 * The votes of an epoch, or those on the means over all epochs.
 *
 * @param seen how many samples have a value
 * @param mean the mean of the values
 * @param kept how many of the values the rule keeps
 * @param decisions the decisions of the rule: one per class if it was applied per class, otherwise one
 */
public record EpochVotes(long seen, double mean, long kept, List<Decision> decisions) {

    /**
     * Rejects scores that contain no value at all. A filter made from them would discard every sample and look like any
     * other.
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
