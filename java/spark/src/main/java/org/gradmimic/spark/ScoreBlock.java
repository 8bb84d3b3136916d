package org.gradmimic.spark;

import java.io.Serializable;

/**
 * The values of consecutive samples in all epochs.
 *
 * @param first the first sample's number
 * @param values [E,S]; NaN where a sample was not seen in an epoch
 */
record ScoreBlock(long first, float[][] values) implements Serializable {

    /** {@return the means over the epochs, as one epoch} */
    ScoreBlock mean() {
        float[] means = new float[samples()];
        for (int i = 0; i < means.length; i++) {
            means[i] = SampleRule.Mean.of(values, i);
        }
        return new ScoreBlock(first, new float[][] {means});
    }

    /** {@return S} */
    int samples() {
        return values[0].length;
    }
}
