package org.gradmimic.select;

import org.gradmimic.select.labelmodel.LabelModel;

/** How one filter is made of what the epochs say. */
public enum VoteAggregation {
    /** Keeps what more epochs would keep than discard. Abstentions don't count; a tie discards. */
    MAJORITY("majority"),
    /** Splits the samples' means over the epochs in which they were seen. */
    MEAN("mean"),
    /** Weighs the epochs' votes by their estimated accuracies, see {@link LabelModel}. */
    LABEL_MODEL("label-model");

    private final String text;

    VoteAggregation(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
