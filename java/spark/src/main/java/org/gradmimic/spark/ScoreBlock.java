package org.gradmimic.spark;

import java.io.Serializable;

/**
 * The values of consecutive samples in all epochs.
 *
 * @param first the first sample's number
 * @param values [E,S]; NaN where a sample was not seen in an epoch
 */
record ScoreBlock(long first, float[][] values) implements Serializable {

    /** {@return S} */
    int samples() {
        return values[0].length;
    }
}
