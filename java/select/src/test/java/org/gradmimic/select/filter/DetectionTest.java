package org.gradmimic.select.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;

class DetectionTest {

    @Test
    void aDiscardedSampleIsOneCalledMislabelled() {
        boolean[] keep = {false, false, false, true, true, true, true};
        boolean[] mislabelled = {true, true, false, true, false, false, false};
        Detection detection = Detection.of(keep, mislabelled);
        assertThat(detection).isEqualTo(new Detection(2, 1, 1, 3));
        assertThat(detection.precision()).isEqualTo(2.0 / 3);
        assertThat(detection.recall()).isEqualTo(2.0 / 3);
        assertThat(detection.keptShare()).isEqualTo(4.0 / 7);
    }

    @Test
    void f1IsTheHarmonicMean() {
        Detection detection = new Detection(30, 10, 50, 10);
        double harmonic = 2 / (1 / detection.precision() + 1 / detection.recall());
        assertThat(detection.f1()).isCloseTo(harmonic, within(1e-15)); // a few roundings of numbers below 1
    }

    @Test
    void undefinedRatiosAreZero() {
        Detection empty = Detection.of(new boolean[0], new boolean[0]);
        assertThat(empty.precision()).isZero();
        assertThat(empty.recall()).isZero();
        assertThat(empty.f1()).isZero();
        assertThat(empty.keptShare()).isZero();
        Detection nothingDiscarded = Detection.of(new boolean[] {true}, new boolean[] {true});
        assertThat(nothingDiscarded.precision()).isZero();
        assertThat(nothingDiscarded.f1()).isZero();
        assertThat(nothingDiscarded.keptShare()).isEqualTo(1);
    }

    @Test
    void lengthsMustAgree() {
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> Detection.of(new boolean[2], new boolean[3]))
                .withMessage("the filter has 2 samples, the truth 3");
    }

    @Test
    void filtersAndArraysAreCountedAlike() {
        for (int samples : new int[] {0, 1, 2, 64, 1000}) {
            Filter keep = FilterTest.random(3, samples);
            Filter mislabelled = FilterTest.random(4, samples);
            assertThat(Detection.of(keep, mislabelled))
                    .isEqualTo(Detection.of(keep.toBooleans(), mislabelled.toBooleans()));
        }
    }
}
