package org.gradmimic;

/** Which parameters' gradients the sample weights apply to. */
public enum Calibration {
    /** The mimic layer's gradient is Σ w_i g_i; all others are the batch mean. This is the authors' default. */
    LAYER,
    /** The gradient of every trainable parameter is Σ w_i g_i. */
    ALL;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
