package org.gradmimic.spark;

import java.io.Serializable;
import org.gradmimic.select.score.Scores;

/**
 * The values of consecutive samples in all epochs.
 *
 * @param first the number of the first sample
 * @param values [E,S]; NaN where a sample was not seen in an epoch
 */
record ScoreBlock(long first, float[][] values) implements Serializable {

    /** {@return the means over the epochs, as one epoch} */
    ScoreBlock mean() {
        float[] means = new float[samples()];
        Scores.of(values).mean().read(0, 0, means.length, means);
        return new ScoreBlock(first, new float[][] {means});
    }

    /** {@return S} */
    int samples() {
        return values[0].length;
    }
}
