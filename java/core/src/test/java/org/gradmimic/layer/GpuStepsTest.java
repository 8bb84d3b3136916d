package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.cuda.WarningState;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_cuda;
import org.gradmimic.Calibration;
import org.gradmimic.ScoreTable;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.device.Gpu;
import org.gradmimic.layer.StepsOnDevice.Outcome;
import org.gradmimic.layer.StepsOnDevice.Problem;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps of models on a CUDA device against the same steps on the CPU. */
@Tag("gpu")
class GpuStepsTest {
    /** Scores are sums of a few hundred products of size one that may cancel; in TF32 nowhere. */
    private static final double SCORES = 1e-3;

    /** Of a parameter's largest gradient. */
    private static final double GRADIENTS = 1e-3;

    static List<Problem> problems() {
        return StepsOnDevice.problems();
    }

    @ParameterizedTest
    @MethodSource("problems")
    void agreesWithTheCpuAndWaitsForNothing(Problem p) {
        Device device = Gpu.device();
        Outcome outcome = StepsOnDevice.run(device, p);
        StepsOnDevice.assertSame(outcome, StepsOnDevice.run(Device.CPU, p), SCORES, GRADIENTS, p);
        assertThat(outcome.waits()).isZero();
        assertThat(outcome.allocations()).isZero();
    }

    /** LibTorch throws where it would wait for the device: in nothing that a step calls. */
    @ParameterizedTest
    @MethodSource("problems")
    void libTorchWaitsForNothingEither(Problem p) {
        Device device = Gpu.device();
        WarningState state = torch_cuda.warning_state();
        StepsOnDevice.run(
                device,
                p,
                () -> state.set_sync_debug_mode(torch_cuda.SyncDebugMode.L_ERROR),
                () -> state.set_sync_debug_mode(torch_cuda.SyncDebugMode.L_DISABLED));
    }

    @Test
    void worksOnTheStreamThatIsLibTorchsCurrentOne() {
        Device device = Gpu.device();
        Problem p = Problem.of(SmallModels.VISION, 1, Calibration.ALL, Weighting.normedProj(0.3));
        Outcome expected = StepsOnDevice.run(Device.CPU, p);
        try (PointerScope scope = new PointerScope()) {
            CUDAStream before = torch_cuda.getCurrentCUDAStream((byte) 0);
            torch_cuda.setCurrentCUDAStream(torch_cuda.getStreamFromPool(false, (byte) 0));
            try {
                for (int round = 0; round < 20; round++) {
                    StepsOnDevice.assertSame(StepsOnDevice.run(device, p), expected, SCORES, GRADIENTS, p);
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
            Map<String, Tensor> live = SmallModels.moved(device, SmallModels.VISION.random(ScalarType.Float));
            Map<String, Tensor> theirs = SmallModels.moved(device, SmallModels.VISION.random(ScalarType.Float));
            List<String> names = List.copyOf(live.keySet());
            Tensor x = device.move(SmallModels.VISION.input(16));
            Tensor labels = device.move(SmallModels.labels(16));
            try (Parameters parameters = Parameters.of(live);
                    Parameters reference = Parameters.of(theirs);
                    RecordingLayers layers = RecordingLayers.builder(parameters)
                            .mimic(names)
                            .reference(reference)
                            .build();
                    ScoreTable table = new ScoreTable(device, 4096, (e, s, i, score, w, l, n) -> {});
                    MimicSteps steps = MimicSteps.builder(layers)
                            .weighting(Weighting.normedProj(0.5))
                            .calibration(Calibration.ALL)
                            .table(table)
                            .build()) {
                long settled = 0;
                for (int step = 0; step < 1000; step++) {
                    try (PointerScope ofStep = new PointerScope()) {
                        steps.step(SmallModels.VISION.losses(layers, x, labels), null)
                                .backward();
                        live.values().forEach(tensor -> tensor.mutable_grad().put(new Tensor()));
                    }
                    if (step == 20) settled = device.memory().allocatedBytes();
                }
                assertThat(device.memory().allocatedBytes()).isEqualTo(settled);
            }
        }
    }
}
