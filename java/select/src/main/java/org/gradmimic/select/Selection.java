package org.gradmimic.select;

import java.util.List;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.labelmodel.LabelModel;
import org.jspecify.annotations.Nullable;

/**
 * A filter, and the votes and the label model that it comes from.
 *
 * @param filter which samples are kept
 * @param epochs one entry per epoch; for {@link VoteAggregation#MEAN} one entry for the means
 * @param labelModel the label model; only for {@link VoteAggregation#LABEL_MODEL}
 */
public record Selection(
        Filter filter, List<EpochVotes> epochs, @Nullable LabelModel labelModel) {}
