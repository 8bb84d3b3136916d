package org.gradmimic.select.filter;

import org.gradmimic.base.InvalidArgumentException;

/**
 * How similar two filters over the same samples are.
 *
 * @param samples N
 * @param keptByFirst number of samples that the first keeps
 * @param keptBySecond number of samples that the second keeps
 * @param keptByBoth number of samples that both keep
 */
public record FilterComparison(long samples, long keptByFirst, long keptBySecond, long keptByBoth) {

    /**
     * Compares two filters.
     *
     * @throws InvalidArgumentException if they cover different numbers of samples
     */
    public static FilterComparison of(Filter first, Filter second) {
        return new FilterComparison(first.samples(), first.kept(), second.kept(), first.keptByBoth(second));
    }

    /** {@return the number of samples that at least one filter keeps} */
    public long keptByEither() {
        return keptByFirst + keptBySecond - keptByBoth;
    }

    /**
     * {@return the Jaccard index: samples that both keep as a share of those that at least one keeps; 1 if neither
     * keeps any}
     */
    public double jaccard() {
        return ratio(keptByBoth, keptByEither());
    }

    /** {@return samples that both keep as a share of those of the smaller filter; 1 if that filter keeps none} */
    public double overlap() {
        return ratio(keptByBoth, Math.min(keptByFirst, keptBySecond));
    }

    /** {@return the share of all samples that both keep or both discard; 1 if there are no samples} */
    public double agreement() {
        return ratio(samples - keptByEither() + keptByBoth, samples);
    }

    /** {@return the precision of the first filter if the second is the truth; 0 if the first keeps none} */
    public double precision() {
        return keptByFirst == 0 ? 0 : ratio(keptByBoth, keptByFirst);
    }

    /** {@return the recall of the first filter if the second is the truth; 0 if the second keeps none} */
    public double recall() {
        return keptBySecond == 0 ? 0 : ratio(keptByBoth, keptBySecond);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 1 : (double) part / whole;
    }
}
