package org.gradmimic.train;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.SplitMix;
import org.jspecify.annotations.Nullable;

/**
 * The order of the samples: given, or drawn from the seed. Every epoch is drawn independently, so that any of them can
 * be repeated.
 */
final class SampleOrder {
    private final @Nullable Tensor order;
    private final @Nullable Tensor comparisons;
    private final long seed;
    private final int batchSize;
    private final int samples;
    private int comparisonEpoch = -1;
    private long @Nullable [] comparison;

    SampleOrder(ProbeData data, ProbeSettings settings) {
        order = data.get(ProbeInput.ORDER);
        comparisons = data.get(ProbeInput.AGRA_COMPARISON);
        seed = settings.seed();
        batchSize = settings.batchSize();
        samples = Math.toIntExact(data.features().size(0));
    }

    /** [N] sample indices. */
    long[] epoch(int epoch) {
        if (order == null) return permutation(2L * epoch);
        try (PointerScope scope = new PointerScope()) {
            return longs(order.select(0, epoch));
        }
    }

    /** The indices of AGRA's comparison batch: given, or the step's part of a second permutation. */
    long[] comparison(int epoch, int step, int count) {
        if (comparisons != null) {
            try (PointerScope scope = new PointerScope()) {
                return longs(comparisons.select(0, epoch).select(0, step));
            }
        }
        if (comparisonEpoch != epoch) {
            comparison = permutation(2L * epoch + 1);
            comparisonEpoch = epoch;
        }
        long[] indices = new long[count];
        System.arraycopy(comparison, step * batchSize, indices, 0, count);
        return indices;
    }

    private static long[] longs(Tensor row) {
        long[] values = new long[Math.toIntExact(row.numel())];
        row.contiguous().data_ptr_long().get(values);
        return values;
    }

    private long[] permutation(long stream) {
        return new SplitMix(seed * 0x9E3779B97F4A7C15L + stream).permutation(samples);
    }
}
