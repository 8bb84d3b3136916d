package org.gradmimic.select.filter;

import java.io.Serializable;
import org.gradmimic.base.InvalidArgumentException;

/**
 * How well a filter finds mislabelled samples. A sample that the filter discards counts as predicted mislabelled. A
 * ratio whose denominator is 0 is 0.
 *
 * @param truePositives mislabelled and discarded
 * @param falsePositives clean but discarded
 * @param falseNegatives mislabelled but kept
 * @param trueNegatives clean and kept
 */
public record Detection(long truePositives, long falsePositives, long falseNegatives, long trueNegatives)
        implements Serializable {

    /**
     * Compares a filter with the truth.
     *
     * @param keep [N] the filter; false = discarded
     * @param mislabelled [N] the truth
     * @return the counts
     * @throws InvalidArgumentException if the lengths differ
     */
    public static Detection of(boolean[] keep, boolean[] mislabelled) {
        if (keep.length != mislabelled.length) {
            throw new InvalidArgumentException(
                    "the filter has " + keep.length + " samples, the truth " + mislabelled.length);
        }
        long truePositives = 0;
        long falsePositives = 0;
        long falseNegatives = 0;
        long trueNegatives = 0;
        for (int i = 0; i < keep.length; i++) {
            if (mislabelled[i]) {
                if (keep[i]) {
                    falseNegatives++;
                } else {
                    truePositives++;
                }
            } else if (keep[i]) {
                trueNegatives++;
            } else {
                falsePositives++;
            }
        }
        return new Detection(truePositives, falsePositives, falseNegatives, trueNegatives);
    }

    /**
     * Compares a filter with the truth.
     *
     * @param keep the filter
     * @param mislabelled the samples that a perfect filter would discard
     * @return the counts
     * @throws InvalidArgumentException if the two cover different numbers of samples
     */
    public static Detection of(Filter keep, Filter mislabelled) {
        long falseNegatives = keep.keptByBoth(mislabelled);
        long truePositives = mislabelled.kept() - falseNegatives;
        long trueNegatives = keep.kept() - falseNegatives;
        long falsePositives = keep.samples() - truePositives - falseNegatives - trueNegatives;
        return new Detection(truePositives, falsePositives, falseNegatives, trueNegatives);
    }

    /** {@return the sum of these counts and those of other samples} */
    public Detection plus(Detection other) {
        return new Detection(
                truePositives + other.truePositives,
                falsePositives + other.falsePositives,
                falseNegatives + other.falseNegatives,
                trueNegatives + other.trueNegatives);
    }

    /** {@return the share of the discarded samples that are mislabelled} */
    public double precision() {
        return ratio(truePositives, truePositives + falsePositives);
    }

    /** {@return the share of the mislabelled samples that are discarded} */
    public double recall() {
        return ratio(truePositives, truePositives + falseNegatives);
    }

    /** {@return the harmonic mean of precision and recall} */
    public double f1() {
        return ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives);
    }

    /** {@return the share of all samples that is kept; an estimate of the quality of the data set} */
    public double keptShare() {
        long kept = falseNegatives + trueNegatives;
        return ratio(kept, kept + truePositives + falsePositives);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
