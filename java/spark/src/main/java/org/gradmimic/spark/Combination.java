package org.gradmimic.spark;

/** How one filter is made of all epochs. */
public enum Combination {
    /** Keeps what more epochs keep than discard. */
    MAJORITY,
    /** Splits the mean scores over the epochs. */
    MEAN,
    /** Weighs the epochs' votes by their estimated accuracies. */
    LABEL_MODEL
}
