package org.gradmimic.select;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TwoMeansTest {

    static LongStream seeds() {
        return LongStream.rangeClosed(1, 40);
    }

    /** The slow twin tries every assignment of up to 12 values to two clusters, not only splits. */
    @ParameterizedTest
    @MethodSource("seeds")
    void noAssignmentIsBetter(long seed) {
        Random random = new Random(seed);
        float[] values = new float[2 + random.nextInt(11)];
        for (int i = 0; i < values.length; i++) {
            values[i] = seed % 2 == 0 ? random.nextInt(5) : (float) random.nextGaussian();
        }
        boolean[] keep = VoteRule.twoMeans().keep(values);
        double best = Double.POSITIVE_INFINITY;
        for (int mask = 0; mask < 1 << values.length; mask++) {
            boolean[] assignment = new boolean[values.length];
            for (int i = 0; i < values.length; i++) {
                assignment[i] = (mask >> i & 1) != 0;
            }
            best = Math.min(best, within(values, assignment));
        }
        // Both are sums of at most 12 doubles of size 1: rounding is below 1e-13.
        assertThat(within(values, keep)).isBetween(best - 1e-12, best + 1e-12);
    }

    @ParameterizedTest
    @ValueSource(floats = {1e-30f, 1f, 1e30f})
    void theScaleDoesNotMatter(float scale) {
        float[] values = {1 * scale, 2 * scale, 10 * scale, 11 * scale, 12 * scale};
        assertThat(VoteRule.twoMeans().keep(values)).containsExactly(false, false, true, true, true);
    }

    /** Squares of 1e6 hide differences of 1 in float, and their sums would in double, too, for many samples. */
    @ParameterizedTest
    @ValueSource(floats = {0, 1e6f, -1e6f})
    void aLargeOffsetDoesNotMatter(float offset) {
        Random random = new Random(3);
        float[] values = new float[100_000];
        boolean[] expected = new boolean[values.length];
        for (int i = 0; i < values.length; i++) {
            expected[i] = random.nextInt(3) == 0;
            values[i] = offset + (expected[i] ? 5 : 1) + random.nextInt(2);
        }
        assertThat(VoteRule.twoMeans().keep(values)).isEqualTo(expected);
    }

    private static double within(float[] values, boolean[] keep) {
        double sum = 0;
        for (boolean side : new boolean[] {false, true}) {
            int[] members = IntStream.range(0, values.length)
                    .filter(i -> keep[i] == side)
                    .toArray();
            double mean =
                    Arrays.stream(members).mapToDouble(i -> values[i]).average().orElse(0);
            sum += Arrays.stream(members)
                    .mapToDouble(i -> (values[i] - mean) * (values[i] - mean))
                    .sum();
        }
        return sum;
    }
}
