package org.gradmimic.select.filter;

import org.gradmimic.base.InvalidArgumentException;

/**
 * How alike two filters over the same samples are.
 *
 * @param samples N
 * @param keptByFirst samples that the first keeps
 * @param keptBySecond samples that the second keeps
 * @param keptByBoth samples that both keep
 */
public record FilterComparison(long samples, long keptByFirst, long keptBySecond, long keptByBoth) {

    /**
     * Compares two filters.
     *
     * @throws InvalidArgumentException if they are over different numbers of samples
     */
    public static FilterComparison of(Filter first, Filter second) {
        return new FilterComparison(first.samples(), first.kept(), second.kept(), first.keptByBoth(second));
    }

    /** {@return samples that at least one keeps} */
    public long keptByEither() {
        return keptByFirst + keptBySecond - keptByBoth;
    }

    /** {@return of the samples that at least one keeps, the share that both keep; 1 if neither keeps any} */
    public double jaccard() {
        return ratio(keptByBoth, keptByEither());
    }

    /** {@return of the samples of the filter that keeps fewer, the share that the other keeps as well; 1 if it keeps none} */
    public double overlap() {
        return ratio(keptByBoth, Math.min(keptByFirst, keptBySecond));
    }

    /** {@return of all samples, the share that both keep or both discard; 1 without samples} */
    public double agreement() {
        return ratio(samples - keptByEither() + keptByBoth, samples);
    }

    /** {@return the second taken for the truth: of the samples that the first keeps, the share that is right; 0 if none} */
    public double precision() {
        return keptByFirst == 0 ? 0 : ratio(keptByBoth, keptByFirst);
    }

    /** {@return the second taken for the truth: of its samples, the share that the first keeps; 0 if it has none} */
    public double recall() {
        return keptBySecond == 0 ? 0 : ratio(keptByBoth, keptBySecond);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 1 : (double) part / whole;
    }
}
