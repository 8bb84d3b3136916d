package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelNoiseTest {

    @Test
    void movesExactlyTheShareToOtherClasses() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            int classes = 2 + random.nextInt(20);
            long[] labels = random.longs(random.nextInt(500), 0, classes).toArray();
            int percent = random.nextInt(101);
            LabelNoise noise = LabelNoise.symmetric(labels, classes, percent / 100.0, seed);
            int moved = 0;
            for (int i = 0; i < labels.length; i++) {
                assertThat(noise.labels()[i]).as("seed %d", seed).isBetween(0L, classes - 1L);
                assertThat(noise.labels()[i] != labels[i]).as("seed %d", seed).isEqualTo(noise.noisy()[i]);
                moved += noise.noisy()[i] ? 1 : 0;
            }
            assertThat(moved).as("seed %d", seed).isEqualTo(labels.length * percent / 100);
        }
    }

    @Test
    void pairwiseNoiseMovesToTheNextClass() {
        long[] labels = new Random(1).longs(300, 0, 7).toArray();
        LabelNoise noise = LabelNoise.builder(labels, 7)
                .kind(LabelNoise.Kind.PAIRWISE)
                .share(0.3)
                .seed(9)
                .build();
        int moved = 0;
        for (int i = 0; i < labels.length; i++) {
            assertThat(noise.labels()[i]).isEqualTo(noise.noisy()[i] ? (labels[i] + 1) % 7 : labels[i]);
            if (noise.noisy()[i]) moved++;
        }
        assertThat(moved).isEqualTo(90);
    }

    @Test
    void onlyEligibleSamplesAreMoved() {
        long[] labels = new Random(1).longs(1000, 0, 7).toArray();
        boolean[] eligible = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) eligible[i] = i % 4 != 0;
        LabelNoise noise = LabelNoise.builder(labels, 7)
                .kind(LabelNoise.Kind.PAIRWISE)
                .share(0.4)
                .seed(3)
                .eligible(eligible)
                .build();
        int moved = 0;
        for (int i = 0; i < labels.length; i++) {
            long expected = noise.noisy()[i] ? (labels[i] + 1) % 7 : labels[i];
            assertThat(noise.labels()[i]).as("sample %d", i).isEqualTo(expected);
            if (!noise.noisy()[i]) continue;
            moved++;
            assertThat(eligible[i]).as("sample %d", i).isTrue();
        }
        assertThat(moved).isEqualTo(300);
    }

    @Test
    void leavesTheGivenLabelsAloneAndRepeatsItself() {
        long[] labels = new long[100];
        LabelNoise first = LabelNoise.symmetric(labels, 10, 0.5, 7);
        assertThat(labels).containsOnly(0);
        assertThat(LabelNoise.symmetric(labels, 10, 0.5, 7).labels()).isEqualTo(first.labels());
        assertThat(LabelNoise.symmetric(labels, 10, 0.5, 8).labels()).isNotEqualTo(first.labels());
    }

    @Test
    void drawsSamplesAndClassesUniformly() {
        int classes = 5;
        int samples = 50_000;
        long[] labels = new long[samples];
        Arrays.fill(labels, 2);
        LabelNoise noise = LabelNoise.symmetric(labels, classes, 0.4, 11);
        int[] perClass = new int[classes];
        int[] perTenth = new int[10];
        for (int i = 0; i < samples; i++) {
            if (noise.noisy()[i]) {
                perClass[(int) noise.labels()[i]]++;
                perTenth[i / (samples / 10)]++;
            }
        }
        // 5000 expected in each class, 2000 in each tenth: five standard deviations of the binomial.
        for (int c = 0; c < classes; c++) {
            assertThat(perClass[c]).isBetween(c == 2 ? 0 : 4690, c == 2 ? 0 : 5310);
        }
        for (int count : perTenth) {
            assertThat(count).isBetween(1827, 2173);
        }
    }

    @ParameterizedTest
    @CsvSource({"0.29, 100, 29", "0.57, 100, 57", "0.3, 10, 3", "0.999, 3, 2", "1, 3, 3", "0, 3, 0", "0.4, 0, 0"})
    void takesTheShareAsItIsWritten(double share, int samples, int expected) {
        boolean[] noisy = LabelNoise.symmetric(new long[samples], 2, share, 1).noisy();
        int count = 0;
        for (boolean moved : noisy) {
            count += moved ? 1 : 0;
        }
        assertThat(count).isEqualTo(expected);
    }

    @Test
    void refusesWhatIsOutOfRange() {
        for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> LabelNoise.symmetric(new long[3], 2, share, 1))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("share from 0 to 1");
        }
        assertThatThrownBy(() -> LabelNoise.symmetric(new long[] {0, 3}, 3, 0.5, 1))
                .hasMessageContaining("sample 1 is 3; expected 0 to 2");
        assertThatThrownBy(() -> LabelNoise.symmetric(new long[] {-1}, 3, 0.5, 1))
                .hasMessageContaining("is -1");
        assertThatThrownBy(() -> LabelNoise.symmetric(new long[2], 1, 0.5, 1))
                .hasMessageContaining("at least 2 classes");
    }

    @Test
    void splitMixIsTheLibrarysAndItsBoundedNumbersAreUniform() {
        SplittableRandom library = new SplittableRandom(42);
        SplitMix own = new SplitMix(42);
        for (int i = 0; i < 100; i++) {
            assertThat(own.nextLong()).isEqualTo(library.nextLong());
        }
        int[] counts = new int[3];
        for (int i = 0; i < 30_000; i++) {
            counts[own.nextInt(3)]++;
        }
        // 10,000 expected, standard deviation 82.
        for (int count : counts) {
            assertThat(count).isBetween(9590, 10410);
        }
        int bound = Integer.MAX_VALUE;
        for (int i = 0; i < 1000; i++) {
            assertThat(own.nextInt(bound)).isBetween(0, bound - 1);
        }
    }
}
