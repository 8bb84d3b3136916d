package org.gradmimic.spark;

import java.util.List;
import org.gradmimic.select.Decision;
import org.gradmimic.select.LabelModel;
import org.jspecify.annotations.Nullable;

/**
 * What a filter is like.
 *
 * @param samples N
 * @param kept how many samples are kept
 * @param epochs what was decided of each epoch; of the means alone where these were split
 * @param labelModel the label model, where there is one
 */
public record FilterReport(
        long samples,
        long kept,
        List<Epoch> epochs,
        @Nullable LabelModel labelModel) {

    /**
     * One epoch, or the means over all.
     *
     * @param seen how many samples have a value
     * @param mean the mean of the values
     * @param kept how many the decision keeps
     * @param decision which values are kept
     */
    public record Epoch(long seen, double mean, long kept, Decision decision) {}

    /** {@return the share of all samples that is kept, 0 without samples} */
    public double keptShare() {
        return samples == 0 ? 0 : (double) kept / samples;
    }
}
