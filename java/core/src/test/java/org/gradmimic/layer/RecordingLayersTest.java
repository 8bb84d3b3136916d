package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.OwnScope;
import org.gradmimic.device.Host;
import org.gradmimic.layer.SmallModels.Twin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith({OneThread.class, OwnScope.class})
class RecordingLayersTest {
    private static LayerScores scores(SmallProblem p, List<String> names) {
        try (RecordingLayers layers = p.layers(names)) {
            return layers.score(p.losses(layers), true);
        }
    }

    /** Scores and norms are off by at most {@code tolerance} of the sample's gradient. */
    private static void check(SmallProblem p, List<String> names, double tolerance) {
        LayerScores scores = scores(p, names);
        double distance = Twin.distance(p.live, p.reference, names);
        double[] dots = p.twin.dots(p.live, p.reference, names);
        double[] norms = p.twin.norms(names);
        double[] all = p.twin.norms(p.trained());
        assertThat(scores.directionNorms()[0]).isCloseTo(distance, within(1e-5 * distance));
        for (int i = 0; i < dots.length; i++) {
            // A gradient that nearly cancels is as exact as the largest there is, not as itself.
            double allowed = tolerance * Math.max(norms[i], 0.05 * all[i]);
            assertThat(scores.scores()[0][i])
                    .as("%s %s score of sample %d", p.model, names, i)
                    .isCloseTo(-dots[i] / distance, within(allowed));
            assertThat(scores.gradientNorms()[i])
                    .as("%s %s norm of sample %d", p.model, names, i)
                    .isCloseTo(norms[i], within(allowed));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "VISION,Double,1,1e-6",
        "VISION,Double,3,1e-6",
        "VISION,Float,5,1e-4",
        "VISION,BFloat16,3,0.08",
        "TEXT,Double,1,1e-6",
        "TEXT,Double,3,1e-6",
        "TEXT,Float,5,1e-4",
        "TEXT,BFloat16,3,0.08",
        "CONVOLUTION,Double,1,1e-6",
        "CONVOLUTION,Double,3,1e-6",
        "CONVOLUTION,Float,5,1e-4",
        "CONVOLUTION,BFloat16,3,0.08"
    })
    void everyParameterAgreesWithOneGradientPerSample(SmallModels model, ScalarType type, int rows, double tolerance) {
        try (SmallProblem problem = new SmallProblem(model, type, rows)) {
            for (String name : problem.trained()) check(problem, List.of(name), tolerance);
            check(problem, problem.trained(), tolerance);
        }
    }

    /** The definition itself: −d/dε ℓ_i(θ + εV)/‖V‖. */
    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void agreesWithCentralDifferences(SmallModels model) {
        try (SmallProblem problem = new SmallProblem(model, ScalarType.Double, 3)) {
            List<String> names = problem.trained();
            double[] scores = scores(problem, names).scores()[0];
            double distance = Twin.distance(problem.live, problem.reference, names);
            double step = 1e-5;
            double[] ahead = moved(problem, names, step);
            double[] behind = moved(problem, names, -step);
            for (int i = 0; i < scores.length; i++) {
                double expected = (behind[i] - ahead[i]) / (2 * step * distance);
                // The difference's own error: third derivatives times 1e-10, and 1e-16/1e-5.
                assertThat(scores[i]).isCloseTo(expected, within(1e-6));
            }
        }
    }

    private static double[] moved(SmallProblem problem, List<String> names, double step) {
        try (NoGradGuard guard = new NoGradGuard()) {
            Map<String, Tensor> there = new java.util.LinkedHashMap<>(problem.live);
            for (String name : names) {
                Tensor from = problem.live.get(name);
                there.put(name, from.add(problem.reference.get(name).sub(from), new Scalar(step)));
            }
            try (Parameters parameters = Parameters.of(there)) {
                return Host.doubles(problem.losses(new PlainLayers(parameters, false)));
            }
        }
    }

    @Test
    void severalReferencesInOnePass() {
        try (SmallProblem problem = new SmallProblem(SmallModels.VISION, ScalarType.Float, 3)) {
            Map<String, Tensor> second = problem.model.random(ScalarType.Float);
            List<String> names = List.of("block1.mlp2.weight", "head.bias");
            try (Parameters two = Parameters.of(second);
                    RecordingLayers layers = RecordingLayers.builder(problem.parameters)
                            .mimic(names)
                            .references(List.of(problem.references, two))
                            .training(false)
                            .build()) {
                LayerScores both = layers.score(problem.losses(layers), false);
                assertThat(both.gradientNorms()).isNull();
                double[] dots = problem.twin.dots(problem.live, second, names);
                double distance = Twin.distance(problem.live, second, names);
                assertThat(both.scores()[0]).isEqualTo(scores(problem, names).scores()[0]);
                for (int i = 0; i < 3; i++) {
                    assertThat(both.scores()[1][i]).isCloseTo(-dots[i] / distance, within(1e-4));
                }
            }
        }
    }
}
