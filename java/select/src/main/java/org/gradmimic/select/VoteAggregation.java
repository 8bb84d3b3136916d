package org.gradmimic.select;

import org.gradmimic.select.labelmodel.LabelModel;

/** How the votes of the epochs become one filter. */
public enum VoteAggregation {
    /** Keeps a sample if more epochs would keep than discard it. Abstentions do not count; a tie discards. */
    MAJORITY("majority"),
    /** Applies the rule to each sample's mean over the epochs in which it was seen. */
    MEAN("mean"),
    /** Weights the votes of the epochs by their estimated accuracies; see {@link LabelModel}. */
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
