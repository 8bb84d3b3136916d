package org.gradmimic.report.html;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.gradmimic.select.score.Scores;

/** The values of the listed samples along the epochs. */
final class SamplePaths {
    /** Of a longer run, so many epochs are listed, evenly spread. */
    static final int MOST_EPOCHS = 32;

    /** The bits of a float that are dropped: about four significant digits are left, which compress better. */
    private static final int DROPPED = 11;

    private SamplePaths() {}

    /** The epochs that are listed. */
    static int[] epochs(int all) {
        if (all <= MOST_EPOCHS) return IntStream.range(0, all).toArray();
        return IntStream.range(0, MOST_EPOCHS)
                .map(i -> (int) Math.round((double) i * (all - 1) / (MOST_EPOCHS - 1)))
                .toArray();
    }

    /** [sample, epoch] of the listed samples, which are in ascending order. */
    static float[] of(Scores scores, int[] epochs, int[] listed) {
        float[] paths = new float[listed.length * epochs.length];
        float[] values = new float[1 << 16];
        int samples = (int) scores.samples();
        for (int from = 0; from < samples; from += values.length) {
            int count = Math.min(values.length, samples - from);
            int first = place(listed, from);
            int end = place(listed, from + count);
            if (first == end) continue;
            for (int e = 0; e < epochs.length; e++) {
                scores.read(epochs[e], from, count, values);
                for (int i = first; i < end; i++) paths[i * epochs.length + e] = shortened(values[listed[i] - from]);
            }
        }
        return paths;
    }

    private static int place(int[] ascending, int value) {
        int found = Arrays.binarySearch(ascending, value);
        return found < 0 ? -found - 1 : found;
    }

    private static float shortened(float value) {
        if (!Float.isFinite(value)) return Float.NaN;
        int bits = Float.floatToIntBits(value) + (1 << (DROPPED - 1));
        return Float.intBitsToFloat(bits & -(1 << DROPPED));
    }
}
