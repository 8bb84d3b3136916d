package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.OwnScope;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.device.TestDevice;
import org.gradmimic.layer.SmallModels.Twin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Mixed precision: bf16 products over float parameters, by LibTorch's autocast. */
@ExtendWith({OneThread.class, OwnScope.class})
class AutocastTest {
    private static final int ROWS = 5;

    /** bf16 keeps 8 bits; a score is a sum of some roundings of that size through two blocks. As for whole models of bf16. */
    private static final double ROUNDED = 0.08;

    private static SmallProblem problem(SmallModels model) {
        return new SmallProblem(model, ScalarType.Float, ROWS);
    }

    private static Tensor losses(SmallProblem p, Layers layers) {
        try (Autocast bf16 = Autocast.to(Device.CPU, ScalarType.BFloat16)) {
            return p.losses(layers);
        }
    }

    @Test
    void productsAreTakenInSixteenBitsAndAskedForNoLonger() {
        try (SmallProblem p = problem(SmallModels.VISION);
                RecordingLayers layers = p.layers(Device.CPU, List.of("head.weight"))) {
            Tensor h = torch.randn(2, 6);
            assertThat(layers.linear("head", h).scalar_type().intern()).isEqualTo(ScalarType.Float);
            try (Autocast bf16 = Autocast.to(Device.CPU, ScalarType.BFloat16)) {
                assertThat(layers.linear("head", h).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
                try (Autocast off = Autocast.off(Device.CPU)) {
                    assertThat(layers.linear("head", h).scalar_type().intern()).isEqualTo(ScalarType.Float);
                }
                assertThat(layers.linear("head", h).scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
                Tensor losses = Losses.crossEntropy(layers.linear("head", h), Tensors.of(new long[] {0, 1}, 2));
                assertThat(losses.scalar_type().intern()).isEqualTo(ScalarType.Float);
            }
            assertThat(layers.linear("head", h).scalar_type().intern()).isEqualTo(ScalarType.Float);
        }
    }

    /** Every parameter by itself and all together, on either way to the products. */
    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void scoresAreThoseOfOneGradientPerSample(SmallModels model) {
        try (SmallProblem p = problem(model)) {
            double[] all = p.twin.norms(p.trained());
            for (Device device : List.of(Device.CPU, TestDevice.asynchronousCpu())) {
                for (int i = -1; i < p.trained().size(); i++) {
                    List<String> mimic =
                            i < 0 ? p.trained() : List.of(p.trained().get(i));
                    try (RecordingLayers layers = p.layers(device, mimic)) {
                        LayerScores scores = layers.score(losses(p, layers), true);
                        double distance = Twin.distance(p.live, p.reference, mimic);
                        double[] dots = p.twin.dots(p.live, p.reference, mimic);
                        double[] norms = p.twin.norms(mimic);
                        for (int s = 0; s < ROWS; s++) {
                            double allowed = ROUNDED * Math.max(norms[s], 0.05 * all[s]);
                            assertThat(Math.abs(scores.scores()[0][s] + dots[s] / distance) <= allowed)
                                    .as("%s score of sample %d", mimic, s)
                                    .isTrue();
                            assertThat(Math.abs(scores.gradientNorms()[s] - norms[s]) <= allowed)
                                    .as("%s norm of sample %d", mimic, s)
                                    .isTrue();
                        }
                    }
                }
            }
        }
    }

    /** Against autograd's own gradient of the weighted losses under autocast: both round in the same places but for a few. */
    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void gradientsAreAutogradsOfTheWeightedLosses(SmallModels model) {
        try (SmallProblem p = problem(model)) {
            for (Calibration calibration : Calibration.values()) {
                for (Device device : List.of(Device.CPU, TestDevice.asynchronousCpu())) {
                    List<String> mimic = calibration == Calibration.ALL
                            ? p.trained()
                            : List.of(p.trained().get(p.trained().size() - 1));
                    float[] weights;
                    try (RecordingLayers layers = p.layers(device, mimic);
                            MimicSteps steps = MimicSteps.builder(layers)
                                    .weighting(Weighting.normedProj(0.3))
                                    .calibration(calibration)
                                    .build()) {
                        MimicStep step = steps.step(losses(p, layers));
                        step.backward();
                        weights = Host.floats(step.weights());
                    }
                    Map<String, float[]> found = new LinkedHashMap<>();
                    for (String name : p.trained()) {
                        Tensor gradient = p.live.get(name).grad();
                        assertThat(gradient.scalar_type().intern()).isEqualTo(ScalarType.Float);
                        found.put(name, Host.floats(gradient));
                    }
                    for (String name : p.trained()) {
                        p.forgetGradients();
                        Tensor losses = losses(p, new PlainLayers(p.parameters, false));
                        (mimic.contains(name)
                                        ? losses.mul(Tensors.of(weights, ROWS)).sum()
                                        : losses.mean())
                                .backward();
                        assertClose(
                                name,
                                found.get(name),
                                Host.floats(p.live.get(name).grad()));
                    }
                    p.forgetGradients();
                }
            }
        }
    }

    private static void assertClose(String name, float[] found, float[] expected) {
        double largest = 0;
        for (float x : expected) largest = Math.max(largest, Math.abs(x));
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs((double) found[i] - expected[i]) <= 0.03 * largest)
                    .as("%s [%d]: %s, expected %s", name, i, found[i], expected[i])
                    .isTrue();
        }
    }

    /** Whoever steps inside the forward pass's autocast gets the same. */
    @Test
    void aStepIsTakenWithoutAutocast() {
        try (SmallProblem p = problem(SmallModels.VISION);
                RecordingLayers layers = p.layers(Device.CPU, p.trained());
                MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.3))
                        .calibration(Calibration.ALL)
                        .build()) {
            MimicStep outside = steps.step(losses(p, layers));
            double[] scores = Host.doubles(outside.scores());
            outside.backward();
            float[] gradient = Host.floats(p.live.get("block0.mlp1.weight").grad());
            p.forgetGradients();
            try (Autocast bf16 = Autocast.to(Device.CPU, ScalarType.BFloat16)) {
                MimicStep inside = steps.step(p.losses(layers));
                inside.backward();
                assertThat(Host.doubles(inside.scores())).isEqualTo(scores);
            }
            assertThat(Host.floats(p.live.get("block0.mlp1.weight").grad())).isEqualTo(gradient);
        }
    }
}
