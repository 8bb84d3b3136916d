package org.gradmimic.spark;

import java.util.List;
import org.gradmimic.select.EpochVotes;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.labelmodel.LabelModel;
import org.jspecify.annotations.Nullable;

/**
 * The result of a run.
 *
 * @param samples N
 * @param kept how many samples are kept
 * @param epochs one entry per epoch; one entry for the means if these were split
 * @param labelModel the label model, if there is one
 * @param detection how well the mislabelled samples were found, if the truth was given
 */
public record FilterReport(
        long samples,
        long kept,
        List<EpochVotes> epochs,
        @Nullable LabelModel labelModel,
        @Nullable Detection detection) {

    /** {@return the share of all samples that is kept, 0 if there are no samples} */
    public double keptShare() {
        return samples == 0 ? 0 : (double) kept / samples;
    }
}
