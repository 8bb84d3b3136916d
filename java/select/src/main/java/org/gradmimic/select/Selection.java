package org.gradmimic.select;

import java.util.List;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.labelmodel.LabelModel;
import org.jspecify.annotations.Nullable;

/**
 * A filter and how it came about.
 *
 * @param filter which samples are kept
 * @param epochs an entry an epoch; of {@link VoteAggregation#MEAN} one for the means
 * @param labelModel the label model, of {@link VoteAggregation#LABEL_MODEL} only
 */
public record Selection(
        Filter filter, List<EpochVotes> epochs, @Nullable LabelModel labelModel) {}
