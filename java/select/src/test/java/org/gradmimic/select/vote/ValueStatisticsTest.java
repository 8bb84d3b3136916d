package org.gradmimic.select.vote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Random;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValueStatisticsTest {

    private static final float[] EXTREMES = {
        -Float.MAX_VALUE,
        -1.5f,
        -1,
        -Float.MIN_NORMAL,
        -Float.MIN_VALUE,
        0,
        Float.MIN_VALUE,
        Float.MIN_NORMAL,
        0.1f,
        1,
        Math.nextUp(1f),
        Float.MAX_VALUE
    };

    @Test
    void keysHaveTheOrderOfTheValuesAndLeadBackToThem() {
        for (int i = 0; i < EXTREMES.length; i++) {
            assertThat(FloatKey.value(FloatKey.of(EXTREMES[i]))).isEqualTo(EXTREMES[i]);
            if (i > 0) {
                assertThat(FloatKey.of(EXTREMES[i])).isNotEqualTo(FloatKey.of(EXTREMES[i - 1]));
                assertThat(Integer.compareUnsigned(FloatKey.of(EXTREMES[i - 1]), FloatKey.of(EXTREMES[i])))
                        .isNegative();
            }
        }
        assertThat(FloatKey.of(-0f)).isEqualTo(FloatKey.of(0f));
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            float value = anyFinite(random);
            int key = FloatKey.of(value);
            assertThat(FloatKey.value(key)).isEqualTo(value + 0f);
            int bin = FloatKey.bin(key);
            // Affine in the bin, and exactly so.
            assertThat(FloatKey.first(bin) + FloatKey.unit(bin) * FloatKey.offset(key))
                    .isEqualTo(value);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 1000})
    void theOrderOfValuesAndTheWayTheyWereSplitUpDoNotMatter(int n) throws Exception {
        Random random = new Random(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i % 5 == 0 ? anyFinite(random) : (float) random.nextGaussian();
        }
        ValueStatistics forwards = Passes.statistics(values);
        ValueStatistics parts = new ValueStatistics();
        for (int part = 2; part >= 0; part--) {
            ValueStatistics some = new ValueStatistics();
            for (int i = part; i < n; i += 3) {
                some.add(values[n - 1 - i]);
            }
            parts.merge(some);
        }
        assertThat(parts).isEqualTo(forwards).hasSameHashCodeAs(forwards);
        assertThat(parts.count()).isEqualTo(n);
        assertThat(copy(parts)).isEqualTo(forwards);
    }

    @Test
    void countsTakeInOnlyWhatWasAskedFor() throws Exception {
        Refinement refinement = Refinement.of(new int[] {bin(1.0f), bin(-2.0f)});
        assertThat(refinement.contains(1)).isTrue();
        assertThat(refinement.contains(Math.nextUp(1f))).isTrue();
        assertThat(refinement.contains(0.5f)).isFalse();
        assertThat(refinement.contains(Float.NaN)).isFalse();
        ValueCounts counts = Passes.counts(refinement, 1, 1, 0.5f, -2, Float.NaN, 7, Math.nextUp(1f));
        ValueCounts other = Passes.counts(refinement, Math.nextUp(1f), 1);
        assertThat(counts.merge(other))
                .isEqualTo(Passes.counts(refinement, 1, 1, 1, -2, Math.nextUp(1f), Math.nextUp(1f)));
        assertThat(counts.count(bin(1))).isEqualTo(5);
        assertThat(copy(counts)).isEqualTo(counts);
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> counts.merge(new ValueCounts(Refinement.of(new int[] {3}))));
    }

    private static int bin(float value) {
        return FloatKey.bin(FloatKey.of(value));
    }

    @Test
    void theMeanIsThatOfTheValues() {
        Random random = new Random(2);
        float[] values = new float[10_000];
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1000 + random.nextGaussian());
            sum += values[i];
        }
        // Sums of 1e4 doubles of 1e3: rounding is far below 1e-8.
        assertThat(Passes.statistics(values).mean()).isCloseTo(sum / values.length, within(1e-8));
        assertThat(Passes.statistics().mean()).isNaN();
    }

    @Test
    void aBinOfEqualValuesIsDistinguished() {
        for (float value : EXTREMES) {
            assertThat(Passes.statistics(value, value, value).isSingleValue(bin(value)))
                    .isTrue();
        }
        assertThat(Passes.statistics(1, Math.nextUp(1f)).isSingleValue(bin(1))).isFalse();
        assertThat(Passes.statistics(1, Math.nextUp(1f), Math.nextUp(Math.nextUp(1f)))
                        .isSingleValue(bin(1)))
                .isFalse();
    }

    @Test
    void nanIsNotSeenAndAnInfinityIsAMistake() {
        assertThat(Passes.statistics(Float.NaN, 1, Float.NaN)).isEqualTo(Passes.statistics(1));
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> Passes.statistics(Float.POSITIVE_INFINITY))
                .withMessage("the value is Infinity");
    }

    private static float anyFinite(Random random) {
        float value;
        do {
            value = Float.intBitsToFloat(random.nextInt());
        } while (!Float.isFinite(value));
        return value;
    }

    private static Object copy(Object original) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(original);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return in.readObject();
        }
    }
}
