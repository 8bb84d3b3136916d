package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Calibration;
import org.gradmimic.Weighting;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Host;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The parameters of a network with batch normalisation, whose buffers are none. */
class ParametersTest {
    private static final List<String> ALL =
            List.of("conv.weight", "conv.bias", "norm.weight", "norm.bias", "fc.weight", "fc.bias");

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        torch.manual_seed(1);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static final class Net {
        final Module model = new Module();
        final Conv2dImpl conv = new Conv2dImpl(new Conv2dOptions(3, 4, new LongPointer(3, 3)));
        final BatchNorm2dImpl norm = new BatchNorm2dImpl(new BatchNormOptions(4));
        final LinearImpl fc = new LinearImpl(4 * 6 * 6, 5);

        Net() {
            model.register_module("conv", conv);
            model.register_module("norm", norm);
            model.register_module("fc", fc);
            model.eval();
        }

        Tensor losses(RecordingLayers layers, Tensor x, Tensor labels) {
            Tensor h = torch.relu(layers.batchNorm(norm, layers.conv2d(conv, x)));
            return Losses.crossEntropy(layers.linear(fc, h.flatten(1, -1)), labels);
        }
    }

    @Test
    void trainedOnesAndPatternsLeaveBuffersOut() {
        Net net = new Net();
        try (Parameters parameters = Parameters.of(net.model)) {
            assertThat(parameters.names()).contains("norm.running_mean", "norm.num_batches_tracked");
            assertThat(parameters.trained()).isEqualTo(ALL);
            assertThat(parameters.named("all")).isEqualTo(ALL);
            assertThat(parameters.named("*")).isEqualTo(ALL);
            // In the model's order, each once.
            assertThat(parameters.named("fc.*", "norm.?eight", "fc.bias"))
                    .containsExactly("norm.weight", "fc.weight", "fc.bias");
            net.conv.weight().set_requires_grad(false);
            assertThat(parameters.trained()).isEqualTo(ALL.subList(1, 6));
            assertThat(parameters.named("conv.*")).containsExactly("conv.weight", "conv.bias");
        }
        try (Parameters map = Parameters.of(Map.of(
                "norm.running_var", torch.ones(4), "norm.num_batches_tracked", net.norm.num_batches_tracked()))) {
            assertThatThrownBy(() -> map.named("all")).hasMessage("the model has no parameters");
        }
    }

    @Test
    void unknownNamesAreNamedWithTheClosestMatches() {
        try (Parameters parameters = Parameters.of(new Net().model)) {
            assertThatThrownBy(() -> parameters.named("fc.weigth"))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageStartingWith(
                            "the model has no parameter fc.weigth; the closest matches are fc.weight, ");
            assertThatThrownBy(() -> parameters.named("layer4.*", "norm.running_mean"))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("no parameter matches layer4.*; the closest matches are ")
                    .hasMessageContaining("norm.running_mean is a buffer, not a parameter, and has no gradient");
            assertThatThrownBy(() -> parameters.tensor("norm.wieght"))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageStartingWith("there is no parameter norm.wieght; the closest matches are norm.weight, ");
        }
    }

    /** ⟨−g_i, V⟩ of all parameters is the sum over the parameters. */
    @Test
    void everyTrainedParameterOfAConvolutionalNetworkIsTheMimicLayer() {
        Net net = new Net();
        Tensor x = torch.randn(6, 3, 8, 8);
        Tensor labels = SmallModels.labels(6);
        try (Parameters parameters = Parameters.of(net.model);
                Parameters reference = Parameters.of(new Net().model)) {
            double[] sum = new double[6];
            double squared = 0;
            for (String name : ALL) {
                try (RecordingLayers one = RecordingLayers.builder(parameters)
                        .mimic(name)
                        .reference(reference)
                        .training(false)
                        .build()) {
                    double length = parameters
                            .tensor(name)
                            .sub(reference.tensor(name))
                            .norm()
                            .item_double();
                    double[] scores =
                            one.score(net.losses(one, x, labels), false).scores()[0];
                    for (int i = 0; i < 6; i++) sum[i] += scores[i] * length;
                    squared += length * length;
                }
            }
            try (RecordingLayers layers = RecordingLayers.builder(parameters)
                            .mimicTrained()
                            .reference(reference)
                            .training(false)
                            .build();
                    MimicSteps steps = MimicSteps.builder(layers)
                            .weighting(Weighting.normedProj(1))
                            .calibration(Calibration.ALL)
                            .build()) {
                MimicStep step = steps.step(net.losses(layers, x, labels), null);
                double[] scores = Host.doubles(step.scores());
                for (int i = 0; i < 6; i++) {
                    // Float sums of a few hundred products.
                    assertThat(scores[i])
                            .isCloseTo(sum[i] / Math.sqrt(squared), within(1e-4 * Math.abs(sum[i]) + 1e-5));
                }
                step.backward();
                for (String name : ALL) {
                    assertThat(parameters.tensor(name).grad().isfinite().all().item_bool())
                            .as(name)
                            .isTrue();
                }
            }
        }
    }
}
