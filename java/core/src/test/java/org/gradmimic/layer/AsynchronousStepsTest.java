package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.TestDevice;
import org.gradmimic.layer.StepsOnDevice.Outcome;
import org.gradmimic.layer.StepsOnDevice.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The way steps go on a device, walked on the CPU: they look at no number, and what comes out is the same. */
@ExtendWith(OneThread.class)
class AsynchronousStepsTest {
    static List<Problem> problems() {
        return StepsOnDevice.problems();
    }

    /** Scores to the same bits; gradients too, where no tokens without gradient are left out of a product. */
    @ParameterizedTest
    @MethodSource("problems")
    void aStepReadsAndAllocatesNothingAndGivesTheSame(Problem p) {
        Outcome twin = StepsOnDevice.run(Device.CPU, p);
        Outcome outcome = StepsOnDevice.run(TestDevice.asynchronousCpu(), p);
        StepsOnDevice.assertSame(outcome, twin, 0, p.model() == SmallModels.CONVOLUTION ? 0 : 1e-6, p);
        assertThat(outcome.waits()).isZero();
        assertThat(outcome.allocations()).isZero();
        if (!p.damaged()) return;
        assertThat(outcome.nonFinite()).containsExactly(1L);
        outcome.table().forEach(row -> assertThat(row[3]).isZero());
        outcome.gradients().forEach((name, gradient) -> assertThat(gradient).containsOnly(0));
    }

    @Test
    void hostReadsReturnTheValuesAndAreCounted() {
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = torch.randn(3, 4).set_requires_grad(true);
            try (Parameters parameters = Parameters.of(Map.of("w.weight", weight));
                    Parameters reference = Parameters.of(Map.of("w.weight", torch.randn(3, 4)));
                    RecordingLayers layers = TestDevice.on(
                            TestDevice.asynchronousCpu(),
                            () -> RecordingLayers.builder(parameters)
                                    .mimic("w.weight")
                                    .reference(reference)
                                    .build());
                    MimicSteps steps = MimicSteps.builder(layers)
                            .weighting(Weighting.normedProj(1))
                            .calibration(Calibration.ALL)
                            .build()) {
                Tensor labels = Tensors.of(new long[] {0, 1}, 2);
                Tensor x = torch.randn(2, 4);
                MimicStep step = steps.step(Losses.crossEntropy(layers.linear("w", x), labels));
                long before = DeviceCounters.hostReads();
                step.backward();
                assertThat(DeviceCounters.hostReads()).isEqualTo(before);
                assertThat(step.meanLoss()).isPositive();
                assertThat(step.weights().sum().item_float()).isBetween(0.999f, 1.001f);
                assertThat(step.skipped()).isFalse();
                assertThat(DeviceCounters.hostReads()).isGreaterThan(before);
                steps.step(Losses.crossEntropy(layers.linear("w", x), labels));
                assertThatThrownBy(step::scores).hasMessageContaining("another step");
            }
        }
    }

    @Test
    void referencesOfAnotherShapeAreNamed() {
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = torch.randn(3, 4).to(ScalarType.Float);
            try (Parameters parameters = Parameters.of(Map.of("w", weight));
                    Parameters other = Parameters.of(Map.of("w", torch.randn(4, 3)))) {
                assertThatThrownBy(() -> RecordingLayers.builder(parameters)
                                .mimic("w")
                                .reference(other)
                                .build())
                        .hasMessageContaining("the reference's w has the shape [4, 3]");
            }
        }
    }
}
