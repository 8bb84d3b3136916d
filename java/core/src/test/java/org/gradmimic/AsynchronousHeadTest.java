package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.HeadOnDevice.Outcome;
import org.gradmimic.HeadOnDevice.Problem;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.TestDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The way a head goes on a device, walked on the CPU: it looks at no number, and what comes out is the same. */
class AsynchronousHeadTest {
    private static Stream<Problem> problems(Weighting.Kind kind) {
        return Stream.of(Calibration.values())
                .flatMap(calibration -> Stream.of(false, true)
                        .flatMap(damaged -> Stream.iterate(0L, seed -> seed < 15, seed -> seed + 1)
                                .map(seed -> new Problem(seed, kind, calibration, damaged))
                                // Somebody has to be finite.
                                .filter(p -> !p.damaged() || p.rows() > 2)));
    }

    @ParameterizedTest
    @EnumSource(Weighting.Kind.class)
    void aStepReadsAndAllocatesNothingAndGivesTheSameBits(Weighting.Kind kind) {
        problems(kind).forEach(p -> {
            Outcome twin = HeadOnDevice.run(Device.CPU, p);
            Outcome outcome = HeadOnDevice.run(TestDevice.asynchronousCpu(), p);
            HeadOnDevice.assertSame(outcome, twin, 0, p);
            assertThat(outcome.waits()).as("%s", p).isZero();
            assertThat(outcome.allocations()).as("%s", p).isZero();
        });
    }

    /** On either way: features of a backbone under autocast are taken as the floats they are. */
    @ParameterizedTest
    @EnumSource(Weighting.Kind.class)
    void underAutocastAStepOfBf16FeaturesGivesTheBitsOfTheSameFeaturesInFloat(Weighting.Kind kind) {
        problems(kind).forEach(p -> {
            Outcome twin = HeadOnDevice.run(Device.CPU, p.in(ScalarType.BFloat16, false));
            Problem mixed = p.in(ScalarType.BFloat16, true);
            HeadOnDevice.assertSame(HeadOnDevice.run(Device.CPU, mixed), twin, 0, mixed);
            HeadOnDevice.assertSame(HeadOnDevice.run(TestDevice.asynchronousCpu(), mixed), twin, 0, mixed);
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = ScalarType.class,
            names = {"Float", "Half"})
    void aScorerReadsItsResultsInBlocksAndAgreesWithTheCpus(ScalarType type) {
        // Sums of 19 and of 10 products in another order.
        ScorerOnDevice.compare(TestDevice.asynchronousCpu(), type, 1e-5);
    }

    @Test
    void hostReadsReturnTheValuesAndAreCounted() {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(1);
            Tensor weight = torch.randn(3, 4).set_requires_grad(true);
            Tensor features = torch.randn(5, 4);
            features.select(0, 2).fill_(new org.bytedeco.pytorch.Scalar(Double.NaN));
            Tensor labels = Tensors.of(new long[] {0, 1, 2, 0, 1}, 5);
            Tensor ids = Tensors.of(new long[] {10, 11, 12, 13, 14}, 5);
            try (MimicHead head = TestDevice.on(
                    TestDevice.asynchronousCpu(),
                    () -> MimicHead.builder(weight)
                            .reference(torch.randn(3, 4))
                            .weighting(Weighting.normedProj(1))
                            .build())) {
                HeadStep step = head.step(features, labels, ids);
                long before = DeviceCounters.hostReads();
                assertThat(step.nonFiniteIds()).containsExactly(12L);
                assertThat(step.meanLoss()).isPositive();
                assertThat(DeviceCounters.hostReads()).isGreaterThan(before);
                head.step(features, labels, ids);
                assertThatThrownBy(step::nonFiniteIds).isInstanceOf(InvalidStateException.class);
            }
        }
    }
}
