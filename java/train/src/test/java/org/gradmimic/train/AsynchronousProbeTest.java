package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.device.Device;
import org.gradmimic.device.TestDevice;
import org.gradmimic.train.ProbeOnDevice.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The way a probe goes on a device, walked on the CPU: between two drains no step reads a number. */
class AsynchronousProbeTest {
    /** Cached logits of the reference are for those who can look at ‖V‖; the product with V differs in its rounding. */
    private static final double ROUNDING = 2e-4;

    @ParameterizedTest
    @EnumSource(Mode.class)
    void stepsReadNothingAndTrainTheSame(Mode mode) {
        for (boolean damaged : new boolean[] {false, true}) {
            Outcome twin = ProbeOnDevice.run(Device.CPU, mode, Weighting.Kind.NORMED_PROJ, 1, damaged);
            Outcome outcome =
                    ProbeOnDevice.run(TestDevice.asynchronousCpu(), mode, Weighting.Kind.NORMED_PROJ, 1, damaged);
            assertThat(outcome.readsInSteps()).as("%s", mode).isZero();
            ProbeOnDevice.assertSame(outcome, twin, mode == Mode.MIMIC ? ROUNDING : 0, mode + " " + damaged);
            if (damaged) {
                assertThat(twin.metrics().get(2).nonFinite())
                        .as("%s", mode)
                        .contains(7L, 30L)
                        .doesNotContain(8L);
            }
        }
    }

    @Test
    void aBatchWithoutAFiniteScoreIsNamedWhenTheTableIsDrained() {
        StepLog log = new StepLog((e, s, ids, score, w, l, n) -> {}, true, new boolean[0]);
        log.begin(Weighting.Kind.NORMED_PROJ);
        float[] none = {Float.NaN, Float.POSITIVE_INFINITY};
        float[] some = {1, 2};
        log.accept(0, 0, new long[] {4, 9}, some, some, new float[] {1, Float.NaN}, 2);
        assertThat(log.losses()).containsExactly(1.0);
        assertThat(log.nonFinite()).containsExactly(9L);
        assertThatThrownBy(() -> log.accept(0, 1, new long[] {5, 6}, some, some, none, 2))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the batch of samples 5 … 6 has no finite score");
        assertThatThrownBy(() -> log.accept(0, 1, new long[] {5, 6}, none, some, some, 2))
                .isInstanceOf(InputException.class);
    }

    @Test
    void tensorsOnTheDeviceAreNotCopied() {
        try (PointerScope scope = new PointerScope()) {
            Tensor features = torch.randn(4, 2).mul_(new Scalar(2.0f));
            Tensor labels = Tensors.of(new long[] {0, 1, 0, 1}, 4);
            ProbeData data =
                    ProbeData.builder().features(features).labels(labels).build();
            ProbeData here = data.on(Device.CPU);
            assertThat(here.features()).isSameAs(features);
            assertThat(here.labels()).isSameAs(labels);
            assertThat(here.get(ProbeInput.REFERENCE_WEIGHT)).isNull();
        }
    }
}
