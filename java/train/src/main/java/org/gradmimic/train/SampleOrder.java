package org.gradmimic.train;

import org.gradmimic.base.SplitMix;
import org.jspecify.annotations.Nullable;

/** Which samples come when: given, or drawn from the seed, every epoch on its own so that any can be repeated. */
final class SampleOrder {
    private final ProbeSettings settings;
    private final int samples;
    private int comparisonEpoch = -1;
    private long @Nullable [] comparison;

    SampleOrder(ProbeSettings settings, long samples) {
        this.settings = settings;
        this.samples = Math.toIntExact(samples);
    }

    /** [N] sample indices. */
    long[] epoch(int epoch) {
        return settings.order() != null ? settings.order()[epoch] : permutation(2L * epoch);
    }

    /** Indices of AGRA's comparison batch: given, or the step's share of a second permutation. */
    long[] comparison(int epoch, int step, int count) {
        if (settings.agraComparison() != null) return settings.agraComparison()[epoch][step];
        if (comparisonEpoch != epoch) {
            comparison = permutation(2L * epoch + 1);
            comparisonEpoch = epoch;
        }
        long[] indices = new long[count];
        System.arraycopy(comparison, step * settings.batchSize(), indices, 0, count);
        return indices;
    }

    private long[] permutation(long stream) {
        return new SplitMix(settings.seed() * 0x9E3779B97F4A7C15L + stream).permutation(samples);
    }
}
