package org.gradmimic.trainer;

import java.util.Locale;

/** How a training run weights its samples. */
public enum TrainMode {
    /** Plain training: the mean loss of the batch. */
    PLAIN,
    /** Grad-Mimic: weights by the projection of the gradient toward a reference model. */
    MIMIC;

    /** "plain" */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
