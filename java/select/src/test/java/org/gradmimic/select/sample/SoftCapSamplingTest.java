package org.gradmimic.select.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.select.score.Values;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SoftCapSamplingTest {
    private static long[] counts(float[] weights, long size, double penalty, long seed) {
        try (Draws draws = SoftCapSampling.draw(Values.of(weights), size, penalty, seed)) {
            long[] counts = new long[weights.length];
            for (int again = 0; again < 2; again++) {
                Draws.Cursor cursor = draws.cursor();
                for (int i = 0; i < counts.length; i++) counts[i] = cursor.next();
            }
            assertThat(draws.samples()).isEqualTo(weights.length);
            assertThat(draws.size())
                    .isEqualTo(size)
                    .isEqualTo(Arrays.stream(counts).sum());
            assertThat(draws.distinct())
                    .isEqualTo(Arrays.stream(counts).filter(n -> n > 0).count());
            assertThat(draws.most()).isEqualTo(Arrays.stream(counts).max().orElse(0));
            return counts;
        }
    }

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] weights = new float[n];
        for (int i = 0; i < n; i++) weights[i] = random.nextInt(10) == 0 ? 0 : random.nextFloat();
        return weights;
    }

    private record Ring(double time, int sample) {}

    /** All rings of all clocks in a list, sorted. */
    private static long[] slow(float[] weights, int size, double penalty, long seed) {
        List<Ring> rings = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] == 0) continue;
            SplitMix random = SplitMix.of(seed, 0, i);
            double time = 0;
            double mean = 1 / (double) weights[i];
            for (int k = 0; k < size; k++) {
                time -= StrictMath.log(((random.nextLong() >>> 12) + 0.5) * 0x1p-52) * mean;
                rings.add(new Ring(time, i));
                mean *= StrictMath.exp(penalty);
            }
        }
        rings.sort((a, b) -> Double.compare(a.time, b.time));
        long[] counts = new long[weights.length];
        rings.subList(0, size).forEach(ring -> counts[ring.sample]++);
        return counts;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.15, 1, 20})
    void theFirstRingsAreFound(double penalty) {
        for (int size : new int[] {1, 2, 30, 100, 250}) {
            float[] weights = random(100, size);
            assertThat(counts(weights, size, penalty, 7)).isEqualTo(slow(weights, size, penalty, 7));
        }
    }

    /** The definition, draw by draw. */
    private static double[] sequentially(float[] weights, int size, double penalty, int runs) {
        Random random = new Random(5);
        double[] mean = new double[weights.length];
        for (int run = 0; run < runs; run++) {
            double[] now = new double[weights.length];
            for (int i = 0; i < now.length; i++) now[i] = weights[i];
            for (int draw = 0; draw < size; draw++) {
                double at = random.nextDouble() * Arrays.stream(now).sum();
                int sample = 0;
                while (sample < now.length - 1 && at >= now[sample]) at -= now[sample++];
                mean[sample] += 1.0 / runs;
                now[sample] *= Math.exp(-penalty);
            }
        }
        return mean;
    }

    /** The standard deviation of a mean of 2,000 counts of up to 12 is below 0.04; both means have one. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.15, 1})
    void samplesOccurAsOftenAsDrawnOneByOne(double penalty) {
        float[] weights = {0.5f, 3, 1, 0, 0.1f, 2};
        int runs = 2_000;
        double[] mean = new double[weights.length];
        for (int seed = 0; seed < runs; seed++) {
            long[] counts = counts(weights, 12, penalty, seed);
            for (int i = 0; i < mean.length; i++) mean[i] += counts[i] / (double) runs;
        }
        double[] expected = sequentially(weights, 12, penalty, runs);
        for (int i = 0; i < mean.length; i++) assertThat(mean[i]).isCloseTo(expected[i], within(0.3));
        assertThat(mean[3]).isZero();
    }

    /** One more draw changes none of those before it. */
    @Test
    void aLargerSubsetContainsTheSmaller() {
        float[] weights = random(3000, 1);
        long[] before = new long[weights.length];
        for (int size = 1; size < 10_000; size = 2 * size + 1) {
            long[] now = counts(weights, size, 0.15, 3);
            for (int i = 0; i < now.length; i++) assertThat(now[i]).isGreaterThanOrEqualTo(before[i]);
            before = now;
        }
        assertThat(counts(weights, 5000, 0.15, 4)).isNotEqualTo(counts(weights, 5000, 0.15, 3));
    }

    @Test
    void theHigherThePenaltyTheFewerRepeats() {
        float[] weights = random(1000, 2);
        double distinct = 0;
        for (double penalty : new double[] {0, 0.2, 1, 50}) {
            long now = Arrays.stream(counts(weights, 500, penalty, 1))
                    .filter(n -> n > 0)
                    .count();
            assertThat((double) now).isGreaterThan(distinct);
            distinct = now;
        }
        assertThat(distinct).isEqualTo(500);
        // Where every sample has been drawn, they are drawn again.
        long[] all = counts(new float[] {1, 2, 3}, 10, 50, 1);
        assertThat(all).containsOnly(3L, 4L);
        assertThat(counts(new float[] {1}, 1_000, 0, 1)).containsExactly(1_000);
    }

    /** More rings than are sorted in memory, so that the time is found digit by digit. */
    @Test
    void manyDrawsOfFewSamplesAreCounted() {
        long[] counts = counts(new float[] {1, 3}, 1_500_000, 0, 1);
        // The standard deviation is 530.
        assertThat((double) counts[1]).isCloseTo(1_125_000, within(3_000.0));
    }

    @Test
    void whatCannotBeDrawnFromIsRefused() {
        assertRefused(new float[] {1, -1}, 1, 0, "values: sample 1: the weight is -1.0; expected");
        assertRefused(new float[] {Float.POSITIVE_INFINITY}, 1, 0, "values: sample 0: the weight is Infinity");
        assertRefused(new float[] {0, Float.NaN}, 1, 0, "values: no sample has a weight above 0");
        assertRefused(new float[] {1}, 0, 0, "the number of draws is 0; it must be positive");
        assertRefused(new float[] {1}, 1, -0.1, "the repeat penalty is -0.1");
        assertRefused(new float[] {1}, 1, Double.NaN, "the repeat penalty is NaN");
        assertRefused(new float[] {1, 1}, 3, 800, "values: only 2 draws are possible under this repeat penalty");
        assertThat(counts(new float[] {Float.NaN, 1}, 3, 0, 0)).containsExactly(0, 3);
    }

    private static void assertRefused(float[] weights, long size, double penalty, String message) {
        assertThatThrownBy(() -> SoftCapSampling.draw(Values.of(weights), size, penalty, 0)
                        .close())
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
    }
}
