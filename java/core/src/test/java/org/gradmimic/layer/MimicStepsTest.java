package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.OwnScope;
import org.gradmimic.ScoreTable;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Host;
import org.gradmimic.layer.SmallModels.Twin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(OwnScope.class)
class MimicStepsTest {
    private static final int ROWS = 3;

    private static SmallProblem problem(SmallModels model) {
        return new SmallProblem(model, ScalarType.Double, ROWS);
    }

    /** Gradients against Σ w_i g_i and the mean. */
    private static void check(
            SmallProblem p, List<String> mimic, Calibration calibration, double[] weights, double share) {
        double[] uniform = new double[ROWS];
        Arrays.fill(uniform, 1.0 / ROWS);
        p.twin.gradients.forEach((name, gradients) -> {
            double[] used = calibration == Calibration.ALL || mimic.contains(name) ? weights : uniform;
            double[] found = Host.doubles(p.live.get(name).grad());
            double size = 0;
            for (double[] gradient : gradients) for (double g : gradient) size = Math.max(size, Math.abs(g));
            for (int j = 0; j < found.length; j++) {
                double expected = 0;
                for (int i = 0; i < ROWS; i++) expected += share * used[i] * gradients[i][j];
                assertThat(found[j])
                        .as("%s, %s: gradient of %s [%d]", mimic, calibration, name, j)
                        .isCloseTo(expected, within(1e-9 * size));
            }
        });
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) wide[i] = values[i];
        return wide;
    }

    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void gradientsAreThoseOfOneSampleAtATimeWeighted(SmallModels model) {
        try (SmallProblem p = problem(model)) {
            List<String> all = p.trained();
            List<List<String>> choices =
                    new ArrayList<>(all.stream().map(List::of).toList());
            choices.add(all);
            choices.add(List.of(all.get(all.size() - 1), all.get(all.size() / 2)));
            for (List<String> mimic : choices) {
                for (Calibration calibration : Calibration.values()) {
                    try (RecordingLayers layers = p.layers(mimic);
                            MimicSteps steps = MimicSteps.builder(layers)
                                    .weighting(Weighting.normedCos(0.3))
                                    .calibration(calibration)
                                    .build()) {
                        MimicStep step = steps.step(p.losses(layers));
                        assertWeights(p, mimic, step);
                        step.backward();
                        check(p, mimic, calibration, doubles(Host.floats(step.weights())), 1);
                    }
                    p.forgetGradients();
                }
            }
        }
    }

    private static void assertWeights(SmallProblem p, List<String> mimic, MimicStep step) {
        double[] dots = p.twin.dots(p.live, p.reference, mimic);
        double[] norms = p.twin.norms(mimic);
        double distance = Twin.distance(p.live, p.reference, mimic);
        float[] weights = Host.floats(step.weights());
        double[] exponentials = new double[ROWS];
        double sum = 0;
        for (int i = 0; i < ROWS; i++) {
            double cos = norms[i] == 0 ? 0 : -dots[i] / distance / norms[i];
            sum += exponentials[i] = Math.exp(cos / 0.3);
        }
        // The softmax is taken in float.
        for (int i = 0; i < ROWS; i++) {
            assertThat((double) weights[i]).as("%s", mimic).isCloseTo(exponentials[i] / sum, within(2e-6));
        }
    }

    @Test
    void accumulationAddsSharesOfTheMacroBatch() {
        try (SmallProblem p = problem(SmallModels.VISION);
                RecordingLayers layers = p.layers(List.of("head.weight"));
                MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(1))
                        .calibration(Calibration.ALL)
                        .build()) {
            float[] weights = null;
            for (int micro = 0; micro < 2; micro++) {
                MimicStep step = steps.step(p.losses(layers));
                step.backward(0.25);
                weights = Host.floats(step.weights());
            }
            check(p, List.of("head.weight"), Calibration.ALL, doubles(weights), 0.5);
        }
    }

    @Test
    void aSampleThatIsNotFiniteSkipsTheStepAndIsNamed() {
        List<Long> logged = new ArrayList<>();
        try (SmallProblem p = problem(SmallModels.CONVOLUTION);
                ScoreTable table = new ScoreTable(ROWS, (e, s, ids, score, weight, loss, n) -> {
                    for (int i = 0; i < n; i++) {
                        logged.add(ids[i]);
                        assertThat(weight[i]).isZero();
                    }
                });
                RecordingLayers layers = p.layers(List.of("conv2.weight"));
                MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(1))
                        .table(table)
                        .build()) {
            p.x.select(0, 1).fill_(new Scalar(Double.NaN));
            MimicStep step = steps.step(p.losses(layers), Tensors.of(new long[] {7, 8, 9}, ROWS));
            assertThat(step.skipped()).isTrue();
            assertThat(step.nonFiniteIds()).containsExactly(8L);
            step.backward();
            assertThat(p.live.get("conv2.weight").grad().defined()).isFalse();
            table.drain();
            assertThat(logged).containsExactly(7L, 8L, 9L);

            p.x.fill_(new Scalar(Double.NaN));
            assertThatThrownBy(() -> steps.step(p.losses(layers))).isInstanceOf(NonFiniteException.class);
        }
    }

    /** Modules of one's own, in the place of their forward; a layer called directly still gets its weighted gradient. */
    @Test
    void modulesOfOnesOwn() {
        torch.manual_seed(3);
        Module model = new Module();
        Conv2dImpl conv = new Conv2dImpl(
                new org.bytedeco.pytorch.Conv2dOptions(3, 4, new org.bytedeco.javacpp.LongPointer(3, 3)));
        LinearImpl inner = new LinearImpl(4, 6);
        LinearImpl head = new LinearImpl(6, 5);
        model.register_module("conv", conv);
        model.register_module("inner", inner);
        model.register_module("head", head);
        Tensor x = torch.randn(ROWS, 3, 5, 5);
        Tensor labels = SmallModels.labels(ROWS);
        try (Parameters parameters = Parameters.of(model);
                Parameters reference = Parameters.of(Map.of("inner.weight", torch.randn(6, 4)));
                RecordingLayers layers = RecordingLayers.builder(parameters)
                        .mimic("inner.weight")
                        .reference(reference)
                        .build();
                MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.5))
                        .calibration(Calibration.ALL)
                        .build()) {
            assertThat(parameters.names())
                    .containsExactly(
                            "conv.weight", "conv.bias", "inner.weight", "inner.bias", "head.weight", "head.bias");
            Tensor h = layers.conv2d(conv, x).relu().mean(2, 3);
            Tensor losses = Losses.crossEntropy(head.forward(torch.relu(layers.linear(inner, h))), labels);
            MimicStep step = steps.step(losses);
            step.backward();
            List<Tensor> found = parameters.tensors().stream()
                    .map(tensor -> tensor.grad().clone())
                    .toList();

            h = conv.forward(x).relu().mean(2, 3);
            losses = Losses.crossEntropy(head.forward(torch.relu(inner.forward(h))), labels);
            parameters.tensors().forEach(tensor -> tensor.mutable_grad().put(new Tensor()));
            losses.mul(step.weights().clone()).sum().backward();
            int p = 0;
            for (String name : parameters.names()) {
                assertThat(torch.allclose(
                                found.get(p++), parameters.tensor(name).grad(), 1e-4, 1e-6, false))
                        .as(name)
                        .isTrue();
            }
        }
    }

    @Test
    void misuseIsNamed() {
        try (SmallProblem p = problem(SmallModels.VISION)) {
            assertThatThrownBy(() -> p.layers(List.of("head.weigth", "norm.bias")))
                    .hasMessageStartingWith(
                            "the model has no parameter head.weigth; the closest matches are head.weight, ");
            try (Parameters other = Parameters.of(Map.of("head.bias", torch.randn(7)))) {
                assertThatThrownBy(() -> RecordingLayers.builder(p.parameters)
                                .mimic("head.bias", "norm.bias")
                                .reference(other)
                                .training(false)
                                .build())
                        .hasMessageContaining("the reference's head.bias has the shape [7], the model's [5]")
                        .hasMessageContaining("the reference has no parameter norm.bias");
            }
            try (RecordingLayers layers = p.layers(List.of("head.weight"))) {
                assertThatThrownBy(() -> MimicSteps.builder(layers)
                                .weighting(Weighting.rho(false))
                                .calibration(Calibration.ALL)
                                .build())
                        .hasMessageContaining("weighting rho");
                Tensor logits = p.model.logits(new PlainLayers(p.parameters, false), p.x);
                assertThatThrownBy(() -> layers.score(Losses.crossEntropy(logits, p.labels), false))
                        .hasMessageContaining("parameter head.weight was not recorded")
                        .hasMessageContaining("docs/layers.md");
                Tensor changed = p.model.logits(layers, p.x);
                changed.relu_();
                assertThatThrownBy(() -> layers.score(Losses.crossEntropy(changed, p.labels), false))
                        .hasMessageContaining("head")
                        .hasMessageContaining("in place");
                try (MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(1))
                        .calibration(Calibration.ALL)
                        .build()) {
                    MimicStep first = steps.step(p.losses(layers));
                    MimicStep second = steps.step(p.losses(layers));
                    assertThatThrownBy(first::backward).hasMessageContaining("another step");
                    second.backward();
                    assertThatThrownBy(second::backward).hasMessageContaining("ran already");
                }
            }
        }
    }
}
