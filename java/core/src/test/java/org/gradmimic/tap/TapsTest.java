package org.gradmimic.tap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Host;
import org.gradmimic.tap.SmallModels.Twin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(OneThread.class)
class TapsTest {
    /** A model, its reference and a batch, all random. */
    private static final class Problem {
        final SmallModels model;
        final Map<String, Tensor> live;
        final Map<String, Tensor> reference;
        final Tensor x;
        final Tensor labels;
        final Twin twin;

        Problem(SmallModels model, ScalarType type, int rows) {
            this.model = model;
            torch.manual_seed(17L + rows);
            live = model.random(type);
            reference = model.random(type);
            Tensor made = model.input(rows);
            x = made.is_floating_point() ? made.to(type) : made;
            labels = SmallModels.labels(rows);
            twin = new Twin(model, live, x, labels);
        }

        List<String> trained() {
            return new ArrayList<>(twin.gradients.keySet());
        }

        LayerScores scores(List<String> names) {
            try (Parameters parameters = Parameters.of(live);
                    Parameters theirs = Parameters.of(reference);
                    Taps taps = new Taps(parameters, names, List.of(theirs), false)) {
                return taps.score(model.losses(taps, x, labels), true);
            }
        }

        /** Scores and norms are off by at most {@code tolerance} of the sample's gradient. */
        void check(List<String> names, double tolerance) {
            LayerScores scores = scores(names);
            double distance = Twin.distance(live, reference, names);
            double[] dots = twin.dots(live, reference, names);
            double[] norms = twin.norms(names);
            double[] all = twin.norms(trained());
            assertThat(scores.directionNorms()[0]).isCloseTo(distance, within(1e-5 * distance));
            for (int i = 0; i < dots.length; i++) {
                // A gradient that nearly cancels is as exact as the largest there is, not as itself.
                double allowed = tolerance * Math.max(norms[i], 0.05 * all[i]);
                assertThat(scores.scores()[0][i])
                        .as("%s %s score of sample %d", model, names, i)
                        .isCloseTo(-dots[i] / distance, within(allowed));
                assertThat(scores.gradientNorms()[i])
                        .as("%s %s norm of sample %d", model, names, i)
                        .isCloseTo(norms[i], within(allowed));
            }
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
        try (PointerScope scope = new PointerScope()) {
            Problem problem = new Problem(model, type, rows);
            for (String name : problem.trained()) problem.check(List.of(name), tolerance);
            problem.check(problem.trained(), tolerance);
        }
    }

    /** The definition itself: −d/dε ℓ_i(θ + εV)/‖V‖. */
    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void agreesWithCentralDifferences(SmallModels model) {
        try (PointerScope scope = new PointerScope()) {
            Problem problem = new Problem(model, ScalarType.Double, 3);
            List<String> names = problem.trained();
            double[] scores = problem.scores(names).scores()[0];
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

    private static double[] moved(Problem problem, List<String> names, double step) {
        try (NoGradGuard guard = new NoGradGuard()) {
            Map<String, Tensor> there = new java.util.LinkedHashMap<>(problem.live);
            for (String name : names) {
                Tensor from = problem.live.get(name);
                there.put(name, from.add(problem.reference.get(name).sub(from), new Scalar(step)));
            }
            try (Parameters parameters = Parameters.of(there)) {
                return Host.doubles(
                        problem.model.losses(new PlainLayers(parameters, false), problem.x, problem.labels));
            }
        }
    }

    @Test
    void severalReferencesInOnePass() {
        try (PointerScope scope = new PointerScope()) {
            Problem problem = new Problem(SmallModels.VISION, ScalarType.Float, 3);
            Map<String, Tensor> second = problem.model.random(ScalarType.Float);
            List<String> names = List.of("block1.mlp2.weight", "head.bias");
            try (Parameters parameters = Parameters.of(problem.live);
                    Parameters one = Parameters.of(problem.reference);
                    Parameters two = Parameters.of(second);
                    Taps taps = new Taps(parameters, names, List.of(one, two), false)) {
                LayerScores both = taps.score(problem.model.losses(taps, problem.x, problem.labels), false);
                assertThat(both.gradientNorms()).isNull();
                double[] dots = problem.twin.dots(problem.live, second, names);
                double distance = Twin.distance(problem.live, second, names);
                assertThat(both.scores()[0]).isEqualTo(problem.scores(names).scores()[0]);
                for (int i = 0; i < 3; i++) {
                    assertThat(both.scores()[1][i]).isCloseTo(-dots[i] / distance, within(1e-4));
                }
            }
        }
    }
}
