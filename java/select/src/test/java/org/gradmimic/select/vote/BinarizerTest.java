package org.gradmimic.select.vote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BinarizerTest {

    private static final List<Binarizer> ALL = List.of(
            Binarizer.threshold(0.25f),
            Binarizer.kMeans(),
            Binarizer.mixture(),
            Binarizer.topShare(0.3),
            Binarizer.bottomShare(0.3));

    static List<Arguments> shapes() {
        List<Arguments> shapes = new ArrayList<>();
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {0, 1, 2, 3, 17, 1000, 50_000}) {
                shapes.add(new Arguments(shape, n));
            }
        }
        return shapes;
    }

    record Arguments(Shape shape, int n) {
        float[] values() {
            return shape.draw(new Random(n), n);
        }
    }

    /** Ties, ranges that a bin holds, ranges that all bins hold. */
    enum Shape {
        NORMAL {
            @Override
            float next(Random random) {
                return (float) random.nextGaussian();
            }
        },
        TWO_GROUPS {
            @Override
            float next(Random random) {
                return (float) (random.nextInt(3) == 0 ? 0.03 + 0.01 * random.nextGaussian() : random.nextGaussian());
            }
        },
        TIES {
            @Override
            float next(Random random) {
                return random.nextInt(7) / 7f;
            }
        },
        EQUAL {
            @Override
            float next(Random random) {
                return -0.3f;
            }
        },
        WITHIN_A_BIN {
            @Override
            float next(Random random) {
                return 100 + 0.2f * random.nextFloat();
            }
        },
        FAR_APART {
            @Override
            float next(Random random) {
                float value = Float.intBitsToFloat(random.nextInt());
                return Float.isFinite(value) ? value : 0;
            }
        };

        abstract float next(Random random);

        float[] draw(Random random, int n) {
            float[] values = new float[n];
            for (int i = 0; i < n; i++) {
                values[i] = next(random);
            }
            return values;
        }
    }

    /** The slow twin sorts, and takes so many from an end. */
    @ParameterizedTest
    @MethodSource("shapes")
    void sharesAreThoseOfTheSortedValues(Arguments arguments) {
        float[] values = arguments.values();
        float[] sorted = withoutNegativeZeros(values);
        Arrays.sort(sorted);
        for (double share : new double[] {0, 0.001, 0.29, 0.5, 0.999, 1}) {
            int count = new BigDecimal(String.valueOf(share))
                    .multiply(BigDecimal.valueOf(values.length))
                    .setScale(0, RoundingMode.FLOOR)
                    .intValue();
            boolean[] top = Passes.keep(Binarizer.topShare(share), values);
            boolean[] bottom = Passes.keep(Binarizer.bottomShare(share), values);
            for (int i = 0; i < values.length; i++) {
                assertThat(top[i]).isEqualTo(count > 0 && values[i] >= sorted[values.length - count]);
                assertThat(bottom[i]).isEqualTo(count > 0 && values[i] <= sorted[count - 1]);
            }
        }
    }

    /** The slow twin tries every split of the sorted values, with sums of its own. */
    @ParameterizedTest
    @MethodSource("shapes")
    void noSplitIsBetterThanThatOfKMeans(Arguments arguments) {
        float[] values = arguments.values();
        boolean[] keep = Passes.keep(Binarizer.kMeans(), values);
        float[] sorted = withoutNegativeZeros(values);
        Arrays.sort(sorted);
        double mean = 0;
        for (float value : sorted) {
            mean += value / (double) sorted.length;
        }
        double best = Double.NEGATIVE_INFINITY;
        double found = Double.NEGATIVE_INFINITY;
        double below = 0;
        int discarded = 0;
        for (boolean kept : keep) {
            discarded += kept ? 0 : 1;
        }
        for (int i = 1; i < sorted.length; i++) {
            below += sorted[i - 1] - mean;
            double between = below * below * (1.0 / i + 1.0 / (sorted.length - i));
            if (sorted[i - 1] < sorted[i]) {
                best = Math.max(best, between);
                found = i == discarded ? between : found;
            }
        }
        for (int i = 0; i < values.length; i++) {
            assertThat(keep[i]).isEqualTo(discarded == 0 || values[i] >= sorted[discarded]);
        }
        // Sums of 50,000 rounded deviations: a relative error of 1e-12 at the most.
        assertThat(found).isGreaterThanOrEqualTo(best - 1e-11 * Math.abs(best));
    }

    private static float[] withoutNegativeZeros(float[] values) {
        float[] copy = values.clone();
        for (int i = 0; i < copy.length; i++) {
            copy[i] += 0f; // Arrays.sort tells −0 from 0
        }
        return copy;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void permutingTheSamplesPermutesTheVotes(Arguments arguments) {
        float[] values = arguments.values();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(1));
        float[] permuted = new float[values.length];
        for (int i = 0; i < permuted.length; i++) {
            permuted[i] = values[order.get(i)];
        }
        for (Binarizer binarizer : ALL) {
            assertThat(Passes.decide(binarizer, permuted)).isEqualTo(Passes.decide(binarizer, values));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void aMonotoneTransformationKeepsTheShares(long seed) {
        float[] values = Shape.NORMAL.draw(new Random(seed), 999);
        float[] transformed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            transformed[i] = values[i] / 4 + 3; // may round neighbours together, but the tie is then kept or not as one
        }
        Binarizer binarizer = Binarizer.topShare(0.15);
        boolean[] before = Passes.keep(binarizer, values);
        boolean[] after = Passes.keep(binarizer, transformed);
        float lowest = Passes.decide(binarizer, transformed).cut().low();
        for (int i = 0; i < values.length; i++) {
            if (transformed[i] != lowest) {
                assertThat(after[i]).isEqualTo(before[i]);
            }
        }
    }

    /** A power of two scales floats exactly: every rule but a threshold must vote the same. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void scalingByAPowerOfTwoChangesNoVote(long seed) {
        float[] values = Shape.TWO_GROUPS.draw(new Random(seed), 2_001);
        float[] scaled = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            scaled[i] = values[i] * 1024;
        }
        for (Binarizer binarizer : ALL.subList(1, ALL.size())) {
            assertThat(Passes.keep(binarizer, scaled)).isEqualTo(Passes.keep(binarizer, values));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void doublingEverySampleChangesNoVote(long seed) {
        float[] values = Shape.TWO_GROUPS.draw(new Random(seed), 1_000);
        float[] twice = Arrays.copyOf(values, 2_000);
        System.arraycopy(values, 0, twice, 1_000, 1_000);
        for (Binarizer binarizer : ALL) {
            assertThat(Arrays.copyOf(Passes.keep(binarizer, twice), 1_000)).isEqualTo(Passes.keep(binarizer, values));
        }
    }

    @Test
    void noneOneTwoAndEqualValues() {
        for (Binarizer binarizer : ALL) {
            assertThat(Passes.keep(binarizer)).isEmpty();
            assertThat(Passes.decide(binarizer, Float.NaN)).isEqualTo(Passes.decide(binarizer));
        }
        assertThat(Passes.keep(Binarizer.kMeans(), -3)).containsExactly(true);
        assertThat(Passes.keep(Binarizer.kMeans(), 2, 1)).containsExactly(true, false);
        assertThat(Passes.keep(Binarizer.kMeans(), 1, 1)).containsExactly(true, true);
        assertThat(Passes.keep(Binarizer.kMeans(), -0f, 0f)).containsExactly(true, true);
        assertThat(Passes.decide(Binarizer.kMeans(), 5, 5, 5).notes())
                .containsExactly("all values are equal: all are kept");
        assertThat(Passes.decide(Binarizer.kMeans()).notes()).containsExactly("no values");
        // 0 | 1 2 and 0 1 | 2 are equally good
        assertThat(Passes.keep(Binarizer.kMeans(), 0, 1, 2)).containsExactly(false, true, true);
    }

    @Test
    void aThresholdKeepsWhatEqualsIt() {
        assertThat(Passes.keep(Binarizer.threshold(1), 1, Math.nextDown(1f), 2)).containsExactly(true, false, true);
        assertThat(Passes.keep(Binarizer.threshold(0), -0f, 0f)).containsExactly(true, true);
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> Binarizer.threshold(Float.NaN));
    }

    @Test
    void sharesAreCheckedAndTiesGoTogether() {
        assertThat(Passes.keep(Binarizer.topShare(0.5), 1, 3, 1, 1)).containsExactly(true, true, true, true);
        assertThat(Passes.keep(Binarizer.topShare(0.25), 1, 3, 1, 1)).containsExactly(false, true, false, false);
        assertThat(Passes.keep(Binarizer.bottomShare(0.25), 1, 3, 1, 1)).containsExactly(true, false, true, true);
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> Binarizer.topShare(share));
            assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> Binarizer.bottomShare(share));
        }
        for (long count : new long[] {-1, (1L << 53) + 1}) {
            assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> Binarizer.topK(count));
        }
    }

    @Test
    void aBinarizationChecksItsOrder() {
        Binarization running = Binarizer.topShare(0.5).begin(Passes.statistics(1, 2, 3));
        assertThatExceptionOfType(InvalidStateException.class).isThrownBy(running::decision);
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> running.refine(new ValueCounts(Refinement.none())));
        running.refine(Passes.counts(running.needs(), 1, 2, 3));
        assertThat(running.decision().cut()).isEqualTo(Cut.atLeast(3));
        assertThatExceptionOfType(InvalidStateException.class)
                .isThrownBy(() -> running.refine(new ValueCounts(Refinement.none())));
    }

    @Test
    void cutsDescribeWhatTheyKeep() {
        assertThat(Cut.ALL).hasToString("all");
        assertThat(Cut.NONE).hasToString("none");
        assertThat(Cut.atLeast(0.5f)).hasToString(">= 0.5");
        assertThat(Cut.atMost(0.5f)).hasToString("<= 0.5");
        assertThat(new Cut(0, 1, true)).hasToString("0.0 to 1.0");
        assertThat(new Cut(0, 1, false)).hasToString("< 0.0 or > 1.0");
        for (float value : new float[] {-1, 0, 0.5f, 1, 2}) {
            assertThat(new Cut(0, 1, true).keeps(value)).isEqualTo(value >= 0 && value <= 1);
            assertThat(new Cut(0, 1, false).keeps(value)).isEqualTo(value < 0 || value > 1);
            assertThat(Cut.ALL.keeps(value)).isTrue();
            assertThat(Cut.NONE.keeps(value)).isFalse();
        }
    }
}
