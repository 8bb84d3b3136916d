package org.gradmimic.select.vote;

import java.util.Arrays;

/**
 * Exact k-means with two clusters in one dimension: the split of the sorted values with the largest variance between
 * the two sides.
 *
 * <p>Consider a split with n₁ values below it, whose deviations from the overall mean add up to D. Up to a factor, the
 * variance between the sides is D² (1/n₁ + 1/n₂). At the edges of the bins it is known from the statistics. Within a
 * bin it is bounded. It is a convex function of (n₁, D), and for any values in the bin, (n₁, D) stays in a triangle.
 * The corners of the triangle are the two ends of the bin, and the point at which the lowest possible values are
 * followed by the highest possible ones. Only bins whose third corner beats the best edge can contain the optimum.
 * Their values are counted, and every split in them is tried.
 */
final class KMeansSearch extends RefiningSearch {

    /** Bins whose bound is this close below the best edge are searched as well, so that rounding cannot hide them. */
    private static final double MARGIN = 1e-9;

    private final ValueStatistics statistics;
    private final int[] bins;
    private final double mean;
    /** The number of values, and the sum of their deviations, before bin i. */
    private final long[] countBefore;

    private final double[] deviationBefore;
    private double best = Double.NEGATIVE_INFINITY;
    private float split;

    KMeansSearch(ValueStatistics statistics) {
        this.statistics = statistics;
        bins = statistics.bins();
        mean = statistics.mean();
        countBefore = new long[bins.length + 1];
        deviationBefore = new double[bins.length + 1];
        for (int i = 0; i < bins.length; i++) {
            countBefore[i + 1] = countBefore[i] + statistics.count(bins[i]);
            deviationBefore[i + 1] = deviationBefore[i] + deviation(i);
        }
        if (bins.length == 0) {
            decide(Decision.noValues());
            return;
        }
        for (int i = 1; i < bins.length; i++) {
            offer(countBefore[i], deviationBefore[i], FloatKey.value(bins[i], 0));
        }
        int[] promising = Arrays.stream(bins).filter(this::mayHoldTheOptimum).toArray();
        if (promising.length == 0) {
            finish();
        } else {
            need(promising);
        }
    }

    /** The best split among the edges of the bins; 0 if there is only one bin. */
    float bestEdge() {
        return split;
    }

    @Override
    void refined(ValueCounts counts) {
        best = Double.NEGATIVE_INFINITY;
        // Once more in ascending order, edges and refined bins together: among equal splits the lowest wins.
        for (int i = 0; i < bins.length; i++) {
            if (i > 0) {
                offer(countBefore[i], deviationBefore[i], FloatKey.value(bins[i], 0));
            }
            if (counts.refinement().index(bins[i]) >= 0) {
                trySplits(i, counts);
            }
        }
        finish();
    }

    /** Tries every split between two values of a bin. */
    private void trySplits(int i, ValueCounts counts) {
        int bin = bins[i];
        long[] below = {countBefore[i]};
        double[] deviation = {deviationBefore[i]};
        counts.forEach(bin, (offset, count) -> {
            float value = FloatKey.value(bin, offset);
            if (below[0] > countBefore[i]) {
                offer(below[0], deviation[0], value);
            }
            below[0] += count;
            deviation[0] += (value - mean) * count;
        });
    }

    private void offer(double below, double deviation, float lowestAbove) {
        double between = between(below, deviation);
        if (between > best) {
            best = between;
            split = lowestAbove;
        }
    }

    private double between(double below, double deviation) {
        return deviation * deviation * (1.0 / below + 1.0 / (statistics.count() - below));
    }

    private boolean mayHoldTheOptimum(int bin) {
        if (statistics.isSingleValue(bin)) {
            return false;
        }
        int i = Arrays.binarySearch(bins, bin);
        double lowest = FloatKey.first(bin) - mean;
        double highest = FloatKey.last(bin) - mean;
        // The number of lowest possible values that, followed by highest possible ones, give the sum of the bin.
        double low = (highest * statistics.count(bin) - deviation(i)) / (highest - lowest);
        return between(countBefore[i] + low, deviationBefore[i] + lowest * low) >= best * (1 - MARGIN);
    }

    /** Σ(x − mean) of bin i. */
    private double deviation(int i) {
        int bin = bins[i];
        return (FloatKey.first(bin) - mean) * statistics.count(bin) + FloatKey.unit(bin) * statistics.offsets(bin);
    }

    private void finish() {
        decide(best == Double.NEGATIVE_INFINITY ? Decision.allEqual() : Decision.of(Cut.atLeast(split)));
    }
}
