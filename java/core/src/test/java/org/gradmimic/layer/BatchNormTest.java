package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Batch normalisation by the batch's own statistics couples samples. What stands above the last such layer, its own factor and
 * shift too, still sees one sample alone: the score is the derivative of that sample's loss. Below it a score is
 * ⟨−Σ_t δ_it a_itᵀ, V⟩/‖V‖ with δ_i the derivative of all losses by what left the layer for sample i.
 */
@ExtendWith(OneThread.class)
class BatchNormTest {
    private static final int ROWS = 5;
    private static final List<String> ABOVE =
            List.of("norm2.weight", "norm2.bias", "inner.weight", "inner.bias", "head.weight", "head.bias");
    private static final List<String> BELOW = List.of("conv1.weight", "norm1.weight", "norm1.bias", "conv2.weight");

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        torch.manual_seed(23);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** Two convolutions with batch normalisation each, and two linear layers. */
    private static final class Net implements AutoCloseable {
        final Module module = new Module();
        final Conv2dImpl conv1 = new Conv2dImpl(without(OneLayer.options(2, 3, 3, 3, 1)));
        final BatchNorm2dImpl norm1;
        final Conv2dImpl conv2 = new Conv2dImpl(without(OneLayer.options(3, 4, 2, 2, 1)));
        final BatchNorm2dImpl norm2;
        final LinearImpl inner = new LinearImpl(4 * 4, 6);
        final LinearImpl head = new LinearImpl(6, 5);
        final Parameters parameters;

        /** What left the convolutions in the last forward pass. */
        final Map<String, Tensor> inputs = new LinkedHashMap<>();

        final Map<String, Tensor> outputs = new LinkedHashMap<>();

        Net(boolean tracked) {
            norm1 = new BatchNorm2dImpl(options(3, tracked));
            norm2 = new BatchNorm2dImpl(options(4, tracked));
            module.register_module("conv1", conv1);
            module.register_module("norm1", norm1);
            module.register_module("conv2", conv2);
            module.register_module("norm2", norm2);
            module.register_module("inner", inner);
            module.register_module("head", head);
            module.to(ScalarType.Double, false);
            parameters = Parameters.of(module);
        }

        private static org.bytedeco.pytorch.Conv2dOptions without(org.bytedeco.pytorch.Conv2dOptions options) {
            options.bias().put(false);
            return options;
        }

        private static BatchNormOptions options(long channels, boolean tracked) {
            BatchNormOptions options = new BatchNormOptions(channels);
            options.track_running_stats().put(tracked);
            return options;
        }

        static Net random(boolean tracked) {
            Net net = new Net(tracked);
            try (NoGradGuard guard = new NoGradGuard()) {
                for (String name : Stream.concat(ABOVE.stream(), BELOW.stream()).toList()) {
                    Tensor tensor = net.parameters.tensor(name);
                    tensor.copy_(torch.randn(Tensors.sizes(tensor)).mul_(new Scalar(0.6)));
                }
            }
            return net;
        }

        Net copy() {
            Net net = new Net(norm1.running_mean().defined());
            try (NoGradGuard guard = new NoGradGuard()) {
                parameters.names().forEach(name -> net.parameters.tensor(name).copy_(parameters.tensor(name)));
            }
            return net;
        }

        Tensor losses(@Nullable RecordingLayers layers, Tensor x, Tensor labels) {
            inputs.put("conv1", x);
            Tensor h = layers == null ? conv1.forward(x) : layers.conv2d(conv1, x);
            outputs.put("conv1", h);
            h = (layers == null ? norm1.forward(h) : layers.batchNorm(norm1, h)).relu();
            if (layers != null) layers.boundary(h);
            inputs.put("conv2", h);
            h = layers == null ? conv2.forward(h) : layers.conv2d(conv2, h);
            outputs.put("conv2", h);
            h = (layers == null ? norm2.forward(h) : layers.batchNorm(norm2, h)).relu();
            if (layers != null) layers.boundary(h);
            h = h.flatten(1, -1);
            h = (layers == null ? inner.forward(h) : layers.linear(inner, h)).tanh();
            return Losses.crossEntropy(layers == null ? head.forward(h) : layers.linear(head, h), labels);
        }

        @Override
        public void close() {
            parameters.close();
        }
    }

    private static double dot(Tensor gradient, Net live, Net reference, String name) {
        return gradient.mul(reference.parameters.tensor(name).sub(live.parameters.tensor(name)))
                .sum()
                .item_double();
    }

    private static LayerScores scores(Net live, Net reference, String name, Tensor x, Tensor labels) {
        try (RecordingLayers layers = RecordingLayers.builder(live.parameters)
                .mimic(List.of(name))
                .reference(reference.parameters)
                .build()) {
            return layers.score(live.losses(layers, x, labels), false);
        }
    }

    /** One autograd pass for each sample's loss in the batch as it is; and the definition, by differences. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aboveTheLastOneScoresAreExact(boolean tracked) {
        Tensor x = torch.randn(ROWS, 2, 5, 5).to(ScalarType.Double);
        Tensor labels = SmallModels.labels(ROWS);
        try (Net live = Net.random(tracked);
                Net reference = Net.random(tracked);
                Net twin = live.copy()) {
            // Without running statistics the batch's own are used in this mode, too.
            if (!tracked) for (Net net : List.of(live, reference, twin)) net.module.eval();
            for (String name : ABOVE) {
                LayerScores found = scores(live, reference, name, x, labels);
                double norm = found.directionNorms()[0];
                double[] ahead = moved(live, reference, name, 1e-5, x, labels);
                double[] behind = moved(live, reference, name, -1e-5, x, labels);
                Tensor losses = twin.losses(null, x, labels);
                for (int i = 0; i < ROWS; i++) {
                    Tensor g = torch.grad(
                                    new TensorVector(losses.select(0, i)),
                                    new TensorVector(twin.parameters.tensor(name)),
                                    new TensorVector(),
                                    new org.bytedeco.pytorch.BoolOptional(true),
                                    false,
                                    false)
                            .get(0);
                    double score = found.scores()[0][i];
                    assertThat(score)
                            .as("%s [%d]", name, i)
                            .isCloseTo(-dot(g, live, reference, name) / norm, within(1e-12));
                    // The difference's own error: third derivatives times 1e-10, and 1e-16/1e-5.
                    assertThat(score)
                            .as("%s [%d], by differences", name, i)
                            .isCloseTo((behind[i] - ahead[i]) / (2e-5 * norm), within(1e-7));
                }
            }
        }
    }

    private static double[] moved(Net live, Net reference, String name, double step, Tensor x, Tensor labels) {
        try (NoGradGuard guard = new NoGradGuard();
                Net there = live.copy()) {
            there.module.train(live.module.is_training());
            Tensor v = reference.parameters.tensor(name).sub(live.parameters.tensor(name));
            there.parameters.tensor(name).add_(v, new Scalar(step));
            return Host.doubles(there.losses(null, x, labels));
        }
    }

    @Test
    void belowItTheyAreThePathsAndSumToTheBatchs() {
        Tensor x = torch.randn(ROWS, 2, 5, 5).to(ScalarType.Double);
        Tensor labels = SmallModels.labels(ROWS);
        try (Net live = Net.random(true);
                Net reference = Net.random(true);
                Net twin = live.copy()) {
            Tensor losses = twin.losses(null, x, labels);
            for (String name : BELOW) {
                LayerScores found = scores(live, reference, name, x, labels);
                double norm = found.directionNorms()[0];
                double sum = 0;
                for (double score : found.scores()[0]) sum += score;
                Tensor g = grad(losses.sum(), twin.parameters.tensor(name), null);
                assertThat(sum).as(name).isCloseTo(-dot(g, live, reference, name) / norm, within(1e-12));
            }
            for (String conv : List.of("conv1", "conv2")) {
                String name = conv + ".weight";
                LayerScores found = scores(live, reference, name, x, labels);
                Tensor delta = grad(losses.sum(), twin.outputs.get(conv), null);
                Tensor weight = twin.parameters.tensor(name);
                for (int i = 0; i < ROWS; i++) {
                    Tensor y = torch.conv2d(twin.inputs.get(conv).detach().narrow(0, i, 1), weight);
                    Tensor g = grad(y, weight, delta.narrow(0, i, 1));
                    assertThat(found.scores()[0][i])
                            .as("%s [%d]", name, i)
                            .isCloseTo(-dot(g, live, reference, name) / found.directionNorms()[0], within(1e-12));
                }
            }
        }
    }

    private static Tensor grad(Tensor output, Tensor input, @Nullable Tensor outputGradient) {
        return torch.grad(
                        new TensorVector(output),
                        new TensorVector(input),
                        outputGradient == null ? new TensorVector() : new TensorVector(outputGradient),
                        new org.bytedeco.pytorch.BoolOptional(true),
                        false,
                        false)
                .get(0);
    }

    /** A step, whichever its mimic layer, moves running statistics once, as plain training does. */
    @ParameterizedTest
    @EnumSource(Calibration.class)
    void runningStatisticsMoveOnceAStep(Calibration calibration) {
        Tensor labels = SmallModels.labels(ROWS);
        for (List<String> mimic : List.of(List.of("head.weight"), List.of("norm1.weight"), ABOVE)) {
            try (Net live = Net.random(true);
                    Net reference = Net.random(true);
                    Net plain = live.copy();
                    RecordingLayers layers = RecordingLayers.builder(live.parameters)
                            .mimic(mimic)
                            .reference(reference.parameters)
                            .build();
                    MimicSteps steps = MimicSteps.builder(layers)
                            .weighting(Weighting.normedProj(0.5))
                            .calibration(calibration)
                            .build()) {
                for (int step = 0; step < 3; step++) {
                    Tensor x = torch.randn(ROWS, 2, 5, 5).to(ScalarType.Double);
                    steps.step(live.losses(layers, x, labels), null).backward();
                    plain.losses(null, x, labels).mean().backward();
                }
                for (String name : live.parameters.names()) {
                    if (live.parameters.tensor(name).requires_grad()) continue;
                    assertThat(torch.equal(live.parameters.tensor(name), plain.parameters.tensor(name)))
                            .as(name)
                            .isTrue();
                }
                assertThat(plain.norm2.num_batches_tracked().item_long()).isEqualTo(3);
            }
        }
    }

    /** With weights of 1/B a step is plain training's, coupled as it is. */
    @ParameterizedTest
    @EnumSource(Calibration.class)
    void uniformWeightsAreThePlainStep(Calibration calibration) {
        Tensor x = torch.randn(ROWS, 2, 5, 5).to(ScalarType.Double);
        Tensor labels = SmallModels.labels(ROWS);
        for (List<String> mimic : List.of(List.of("head.bias"), List.of("conv1.weight"), BELOW)) {
            try (Net live = Net.random(true);
                    Net reference = Net.random(true);
                    Net plain = live.copy();
                    RecordingLayers layers = RecordingLayers.builder(live.parameters)
                            .mimic(mimic)
                            .reference(reference.parameters)
                            .build();
                    MimicSteps steps = MimicSteps.builder(layers)
                            .weighting(Weighting.uniform())
                            .calibration(calibration)
                            .build()) {
                steps.step(live.losses(layers, x, labels), null).backward();
                plain.losses(null, x, labels).mean().backward();
                for (String name : live.parameters.names()) {
                    Tensor tensor = live.parameters.tensor(name);
                    if (!tensor.requires_grad()) continue;
                    // 1/B is a float.
                    assertThat(torch.allclose(
                                    tensor.grad(), plain.parameters.tensor(name).grad(), 1e-7, 1e-9, false))
                            .as("%s by %s", name, mimic)
                            .isTrue();
                }
            }
        }
    }

    /** By name, as modules do. */
    @Test
    void byName() {
        Tensor x = torch.randn(ROWS, 3, 2, 2);
        BatchNorm2dImpl module = new BatchNorm2dImpl(new BatchNormOptions(3));
        BatchNorm2dImpl twin = new BatchNorm2dImpl(new BatchNormOptions(3));
        try (Parameters own = Parameters.of(module);
                Parameters parameters = Parameters.of(prefixed(own));
                RecordingLayers layers = RecordingLayers.builder(parameters)
                        .mimic("n.weight")
                        .reference(parameters)
                        .build()) {
            assertThat(torch.equal(layers.batchNorm("n", x, 1e-5), twin.forward(x)))
                    .isTrue();
            assertThat(torch.equal(module.running_mean(), twin.running_mean())).isTrue();
            assertThat(torch.equal(module.running_var(), twin.running_var())).isTrue();
        }
    }

    private static Map<String, Tensor> prefixed(Parameters own) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        own.names().forEach(name -> tensors.put("n." + name, own.tensor(name)));
        return tensors;
    }
}
