package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_cuda;
import org.gradmimic.HeadOnDevice.Outcome;
import org.gradmimic.HeadOnDevice.Problem;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.OutOfMemoryException;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.DeviceFacts;
import org.gradmimic.device.DeviceTimer;
import org.gradmimic.device.Gpu;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A head on a CUDA device against the same head on the CPU. */
@Tag("gpu")
class GpuHeadTest {
    /** Products of at most 130 terms of size one, in TF32 nowhere; scores are their differences. */
    private static final double TOLERANCE = 2e-4;

    /** One rounding to bf16, that of the features' gradient, and the same again where it falls on the other side. */
    private static final double ROUNDED = 0x1p-7;

    @ParameterizedTest
    @EnumSource(Weighting.Kind.class)
    void agreesWithTheCpuAndWaitsForNothing(Weighting.Kind kind) {
        Device device = Gpu.device();
        for (Calibration calibration : Calibration.values()) {
            for (long seed = 0; seed < 15; seed++) {
                for (boolean damaged : new boolean[] {false, true}) {
                    Problem p = new Problem(seed, kind, calibration, damaged);
                    if (damaged && p.rows() <= 2) continue;
                    Outcome outcome = HeadOnDevice.run(device, p);
                    HeadOnDevice.assertSame(outcome, HeadOnDevice.run(Device.CPU, p), TOLERANCE, p);
                    assertThat(outcome.waits()).as("%s", p).isZero();
                    assertThat(outcome.allocations()).as("%s", p).isZero();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Weighting.Kind.class)
    void agreesWithTheCpuUnderAutocast(Weighting.Kind kind) {
        for (long seed = 0; seed < 15; seed++) {
            Problem p = new Problem(seed, kind, Calibration.ALL, false).in(ScalarType.BFloat16, true);
            Outcome outcome = HeadOnDevice.run(Gpu.device(), p);
            HeadOnDevice.assertSame(outcome, HeadOnDevice.run(Device.CPU, p), ROUNDED, p);
        }
    }

    @Test
    void worksOnTheStreamThatIsLibTorchsCurrentOne() {
        Device device = Gpu.device();
        Problem p = new Problem(3, Weighting.Kind.NORMED_PROJ, Calibration.ALL, false);
        Outcome expected = HeadOnDevice.run(Device.CPU, p);
        try (PointerScope scope = new PointerScope()) {
            CUDAStream before = torch_cuda.getCurrentCUDAStream((byte) 0);
            torch_cuda.setCurrentCUDAStream(torch_cuda.getStreamFromPool(false, (byte) 0));
            try {
                for (int round = 0; round < 50; round++) {
                    HeadOnDevice.assertSame(HeadOnDevice.run(device, p), expected, TOLERANCE, p);
                }
            } finally {
                torch_cuda.setCurrentCUDAStream(before);
            }
        }
    }

    @Test
    void aThousandStepsHoldTheDevicesMemoryConstant() {
        Device device = Gpu.device();
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = device.move(torch.randn(100, 256)).set_requires_grad(true);
            Tensor reference = device.move(torch.randn(100, 256));
            try (ScoreTable table = new ScoreTable(device, 4096, (e, s, i, score, w, l, n) -> {});
                    MimicHead head = MimicHead.builder(weight)
                            .reference(reference)
                            .weighting(Weighting.normedCos(0.5))
                            .calibration(Calibration.ALL)
                            .table(table)
                            .build()) {
                long settled = 0;
                for (int step = 0; step < 1000; step++) {
                    try (PointerScope ofStep = new PointerScope()) {
                        Tensor features = device.move(torch.randn(128, 256)).set_requires_grad(true);
                        Tensor labels = device.move(
                                torch.randint(0, 100, new long[] {128}).to(torch.ScalarType.Long));
                        head.step(features, labels, labels).backward();
                        weight.mutable_grad().put(new Tensor());
                    }
                    if (step == 20) settled = device.memory().allocatedBytes();
                }
                assertThat(device.memory().allocatedBytes()).isEqualTo(settled);
            }
        }
    }

    @Test
    void tensorsOnAnotherDeviceAreRefused() {
        Device device = Gpu.device();
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = device.move(torch.randn(3, 4)).set_requires_grad(true);
            try (MimicHead head =
                    MimicHead.builder(weight).weighting(Weighting.uniform()).build()) {
                assertThatThrownBy(() -> head.step(torch.randn(5, 4), Tensors.of(new long[5], 5), null))
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining("features is on cpu, expected on cuda:0");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ScalarType.class,
            names = {"Float", "Half"})
    void aScorerAgreesWithTheCpus(ScalarType type) {
        ScorerOnDevice.compare(Gpu.device(), type, TOLERANCE);
    }

    @Test
    void memoryThatRunsOutIsATypedExceptionAndTheDeviceWorksOn() {
        Device device = Gpu.device();
        try (PointerScope scope = new PointerScope()) {
            // A view: it takes no memory here, but all of the device's there.
            Tensor huge = torch.zeros(1).expand(1L << 45);
            assertThatThrownBy(() -> device.move(huge)).isInstanceOf(OutOfMemoryException.class);
            assertThat(Tensors.floats(
                            device.move(Tensors.of(new float[] {1, 2}, 2)).mul(new org.bytedeco.pytorch.Scalar(2.0f))))
                    .containsExactly(2, 4);
        }
    }

    @Test
    void factsMemoryAndEventsComeFromTheDevice() {
        Device device = Gpu.device();
        DeviceFacts facts = device.facts();
        assertThat(facts.name()).isNotBlank();
        assertThat(facts.capability()).matches("\\d+\\.\\d");
        assertThat(facts.memoryBytes()).isGreaterThan(1L << 30);
        assertThat(device.memory().totalBytes()).isGreaterThan(device.memory().allocatedBytes());
        long waits = DeviceCounters.waits();
        try (PointerScope scope = new PointerScope();
                DeviceTimer timer = new DeviceTimer(device)) {
            Tensor x = device.move(torch.randn(2000, 2000));
            timer.begin();
            for (int i = 0; i < 10; i++) x.mm(x);
            timer.end();
            assertThat(DeviceCounters.waits()).isEqualTo(waits);
            assertThat(timer.seconds()).isBetween(1e-5, 10.0);
        }
        assertThat(DeviceCounters.waits()).isEqualTo(waits + 1);
    }
}
