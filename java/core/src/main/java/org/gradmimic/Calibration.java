package org.gradmimic;

/** Which parameters the weights reach. */
public enum Calibration {
    /** The mimic layer's gradient is Σ w_i g_i, all others get the batch mean: the authors' default. */
    LAYER,
    /** Every trainable parameter gets Σ w_i g_i. */
    ALL;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
