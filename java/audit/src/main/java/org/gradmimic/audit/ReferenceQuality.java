package org.gradmimic.audit;

/**
 * What is known of the reference head.
 *
 * @param trusted whether it was trained on trusted samples; otherwise on the labels that are audited
 * @param samples the number of samples on which it was trained
 * @param heldOut the number of trusted samples that took no part in any training; 0 without trusted samples
 * @param accuracy on those; NaN without trusted samples
 */
public record ReferenceQuality(boolean trusted, int samples, int heldOut, double accuracy) {
    /** A reference that is right less often than this on held-out samples is called weak. */
    public static final double WEAK = 0.5;

    /** Whether the reference was measured and is weak. Without trusted samples it cannot be measured. */
    public boolean isWeak() {
        return accuracy < WEAK;
    }
}
