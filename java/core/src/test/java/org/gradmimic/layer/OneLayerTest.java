package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.OwnScope;
import org.gradmimic.Weighting;
import org.gradmimic.device.Host;
import org.gradmimic.layer.OneLayer.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kind of layer by itself, against one autograd pass a sample in double precision and against differences. */
@ExtendWith({OneThread.class, OwnScope.class})
class OneLayerTest {
    /** A layer, its reference, a batch, and the gradient of each sample's loss. */
    private static final class Problem implements AutoCloseable {
        final Kind kind;
        final int rows;
        final ScalarType type;
        final OneLayer live;
        final OneLayer reference;

        /** {@link #live} in double precision. */
        final OneLayer wide;

        final Tensor x;
        final Tensor labels;
        final Map<String, double[][]> gradients = new LinkedHashMap<>();

        Problem(Kind kind, ScalarType type, int rows) {
            this(kind, type, kind.input(rows));
        }

        Problem(Kind kind, ScalarType type, Tensor made) {
            this.kind = kind;
            rows = (int) made.size(0);
            this.type = type;
            torch.manual_seed(100L * kind.ordinal() + rows);
            live = kind.make().random(type);
            reference = kind.make().random(type);
            wide = kind.make().copied(live, ScalarType.Double);
            x = made.is_floating_point() ? made.to(type) : made;
            labels = SmallModels.labels(rows);
            TensorVector parameters = new TensorVector(
                    names().stream().map(wide.parameters::tensor).toArray(Tensor[]::new));
            names().forEach(name -> gradients.put(name, new double[rows][]));
            for (int i = 0; i < rows; i++) {
                Tensor loss = wide.losses(null, wideX().narrow(0, i, 1), labels.narrow(0, i, 1));
                TensorVector found = torch.grad(new TensorVector(loss), parameters);
                for (int p = 0; p < names().size(); p++) gradients.get(names().get(p))[i] = Host.doubles(found.get(p));
            }
        }

        List<String> names() {
            return live.trained();
        }

        Tensor wideX() {
            return x.is_floating_point() ? x.to(ScalarType.Double) : x;
        }

        RecordingLayers layers(List<String> mimic) {
            return RecordingLayers.builder(live.parameters)
                    .mimic(mimic)
                    .reference(reference.parameters)
                    .training(false)
                    .build();
        }

        LayerScores scores(List<String> mimic) {
            try (RecordingLayers layers = layers(mimic)) {
                return layers.score(live.losses(layers, x, labels), true);
            }
        }

        double[] v(String name) {
            double[] from = Host.doubles(live.parameters.tensor(name));
            double[] to = Host.doubles(reference.parameters.tensor(name));
            for (int j = 0; j < to.length; j++) to[j] -= from[j];
            return to;
        }

        double distance(List<String> mimic) {
            double sum = 0;
            for (String name : mimic) for (double d : v(name)) sum += d * d;
            return Math.sqrt(sum);
        }

        /** −⟨g_i, V⟩/‖V‖. */
        double score(List<String> mimic, int i) {
            double sum = 0;
            for (String name : mimic) {
                double[] v = v(name);
                double[] g = gradients.get(name)[i];
                for (int j = 0; j < v.length; j++) sum -= g[j] * v[j];
            }
            return sum / distance(mimic);
        }

        double norm(List<String> mimic, int i) {
            double sum = 0;
            for (String name : mimic) for (double g : gradients.get(name)[i]) sum += g * g;
            return Math.sqrt(sum);
        }

        List<List<String>> choices() {
            List<List<String>> choices =
                    new ArrayList<>(names().stream().map(List::of).toList());
            if (choices.size() > 1) choices.add(names());
            return choices;
        }

        @Override
        public String toString() {
            return kind + ", " + rows + " of " + type;
        }

        @Override
        public void close() {
            live.close();
            reference.close();
            wide.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void doubles(Kind kind) {
        // Sums of at most some hundred products of size one.
        check(kind, ScalarType.Double, 1e-11, 1, 3, 7);
    }

    @ParameterizedTest
    @EnumSource
    void floats(Kind kind) {
        // As many, each rounded to 6e-8.
        check(kind, ScalarType.Float, 1e-5, 1, 3, 7);
    }

    @ParameterizedTest
    @EnumSource
    void bfloats(Kind kind) {
        // What leaves the layer and δ have 8 bits each.
        check(kind, ScalarType.BFloat16, 0.05, 1, 3, 7);
    }

    private static void check(Kind kind, ScalarType type, double tolerance, int... rows) {
        for (int count : rows) {
            try (PointerScope scope = new PointerScope();
                    Problem p = new Problem(kind, type, count)) {
                for (List<String> mimic : p.choices()) {
                    scores(p, mimic, tolerance);
                    for (Calibration calibration : Calibration.values()) gradients(p, mimic, calibration, tolerance);
                }
            }
        }
    }

    private static void scores(Problem p, List<String> mimic, double tolerance) {
        LayerScores found = p.scores(mimic);
        double distance = p.distance(mimic);
        // V is formed in float, in double for doubles.
        assertThat(found.directionNorms()[0]).isCloseTo(distance, within(Math.min(tolerance, 1e-5) * distance));
        for (int i = 0; i < p.rows; i++) {
            // A gradient that nearly cancels is as exact as the layer's is, not as itself; and δ is a difference of
            // probabilities, with the error of a number of size one.
            double allowed = tolerance * Math.max(p.norm(mimic, i), 0.1 * p.norm(p.names(), i)) + 0.01 * tolerance;
            assertThat(found.scores()[0][i])
                    .as("%s: score of %s [%d]", p, mimic, i)
                    .isCloseTo(p.score(mimic, i), within(allowed));
            assertThat(found.gradientNorms()[i])
                    .as("%s: norm of %s [%d]", p, mimic, i)
                    .isCloseTo(p.norm(mimic, i), within(allowed));
        }
    }

    private static void gradients(Problem p, List<String> mimic, Calibration calibration, double tolerance) {
        float[] weights;
        try (RecordingLayers layers = p.layers(mimic);
                MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.5))
                        .calibration(calibration)
                        .build()) {
            MimicStep step = steps.step(p.live.losses(layers, p.x, p.labels));
            step.backward();
            weights = Host.floats(step.weights());
        }
        for (String name : p.names()) {
            boolean weighted = calibration == Calibration.ALL || mimic.contains(name);
            double[] found = Host.doubles(p.live.parameters.tensor(name).grad());
            double[] expected = new double[found.length];
            double largest = 0;
            for (int i = 0; i < p.rows; i++) {
                double[] g = p.gradients.get(name)[i];
                double w = weighted ? weights[i] : 1.0 / p.rows;
                for (int j = 0; j < g.length; j++) expected[j] += w * g[j];
                largest = Math.max(largest, p.norm(p.names(), i));
            }
            double worst = 0;
            for (int j = 0; j < found.length; j++) {
                double error = Math.abs(found[j] - expected[j]);
                // NaN is no small error.
                if (!(error <= worst)) worst = error;
            }
            assertThat(worst)
                    .as("%s, %s by %s: gradient of %s", p, calibration, mimic, name)
                    .isLessThanOrEqualTo(tolerance * largest);
            p.live.parameters.tensor(name).mutable_grad().put(new Tensor());
        }
    }

    /** The definition itself: −d/dε ℓ_i(θ + εV)/‖V‖. */
    @ParameterizedTest
    @EnumSource
    void centralDifferences(Kind kind) {
        try (Problem p = new Problem(kind, ScalarType.Double, 3)) {
            if (!kind.derivative()) return;
            for (List<String> mimic : p.choices()) {
                double[] scores = p.scores(mimic).scores()[0];
                double step = 1e-5;
                double[] ahead = moved(p, mimic, step);
                double[] behind = moved(p, mimic, -step);
                for (int i = 0; i < p.rows; i++) {
                    // The difference's own error: third derivatives times 1e-10, and 1e-16/1e-5.
                    assertThat(scores[i])
                            .as("%s: %s [%d]", p, mimic, i)
                            .isCloseTo((behind[i] - ahead[i]) / (2 * step * p.distance(mimic)), within(1e-7));
                }
            }
        }
    }

    private static double[] moved(Problem p, List<String> mimic, double step) {
        try (NoGradGuard guard = new NoGradGuard();
                OneLayer there = p.kind.make().copied(p.live, ScalarType.Double)) {
            for (String name : mimic) {
                Tensor from = p.live.parameters.tensor(name);
                Tensor v = p.reference.parameters.tensor(name).sub(from);
                there.parameters.tensor(name).add_(v, new Scalar(step));
            }
            return Host.doubles(there.losses(null, p.x, p.labels));
        }
    }

    /** A number that is not one stays one, and stays with its sample. */
    @ParameterizedTest
    @EnumSource
    void nanStaysNan(Kind kind) {
        try (Problem p = new Problem(kind, ScalarType.Float, 3)) {
            for (List<String> mimic : p.choices()) {
                if (p.x.is_floating_point()) {
                    double[] before = p.scores(mimic).scores()[0];
                    Tensor row = p.x.select(0, 1);
                    Tensor kept = row.clone();
                    row.fill_(new Scalar(Double.NaN));
                    LayerScores found = p.scores(mimic);
                    row.copy_(kept);
                    assertThat(found.losses()[1]).isNaN();
                    assertThat(found.scores()[0][1]).as("%s %s", p, mimic).isNaN();
                    assertThat(found.gradientNorms()[1]).as("%s %s", p, mimic).isNaN();
                    for (int i : new int[] {0, 2}) {
                        assertThat(found.scores()[0][i]).as("%s %s", p, mimic).isEqualTo(before[i]);
                    }
                }
                try (NoGradGuard guard = new NoGradGuard()) {
                    Tensor one = p.reference
                            .parameters
                            .tensor(mimic.get(0))
                            .flatten(0, -1)
                            .narrow(0, 0, 1);
                    Tensor kept = one.clone();
                    one.fill_(new Scalar(Double.NaN));
                    LayerScores found = withGraph(p, mimic);
                    one.copy_(kept);
                    assertThat(found.directionNorms()[0]).isNaN();
                    for (double score : found.scores()[0])
                        assertThat(score).as("%s %s", p, mimic).isNaN();
                }
            }
        }
    }

    private static LayerScores withGraph(Problem p, List<String> mimic) {
        try (var guard = new org.bytedeco.pytorch.AutoGradMode(true)) {
            return p.scores(mimic);
        }
    }

    @ParameterizedTest
    @EnumSource
    void noSamples(Kind kind) {
        try (Problem p = new Problem(kind, ScalarType.Float, 0)) {
            for (List<String> mimic : p.choices()) {
                LayerScores found = p.scores(mimic);
                assertThat(found.scores()[0]).isEmpty();
                assertThat(found.gradientNorms()).isEmpty();
                assertThat(found.directionNorms()[0]).isCloseTo(p.distance(mimic), within(1e-5));
                for (Calibration calibration : Calibration.values()) gradients(p, mimic, calibration, 0);
            }
        }
    }

    /** Sequences of no tokens have no gradient. */
    @ParameterizedTest
    @CsvSource({
        "LINEAR,2 0 7",
        "LINEAR_WITHOUT_BIAS_OF_TOKENS,3 2 0 7",
        "MATMUL,1 0 7",
        "MATMUL,3 0 2 7",
        "IN_PROJECTION,3 0 3",
        "LAYER_NORM,3 0 3 5",
        "EMBEDDING,3 0",
        "EMBEDDING_WITH_PADDING,2 3 0",
    })
    void noTokens(Kind kind, String shape) {
        long[] sizes = Stream.of(shape.split(" ")).mapToLong(Long::parseLong).toArray();
        Tensor x = kind.name().startsWith("EMBEDDING") ? torch.zeros(sizes).to(ScalarType.Long) : torch.zeros(sizes);
        try (Problem p = new Problem(kind, ScalarType.Float, x)) {
            for (List<String> mimic : p.choices()) {
                LayerScores found = p.scores(mimic);
                for (int i = 0; i < p.rows; i++) {
                    assertThat(found.scores()[0][i]).isZero();
                    assertThat(found.gradientNorms()[i]).isZero();
                }
                for (Calibration calibration : Calibration.values()) gradients(p, mimic, calibration, 0);
            }
        }
    }

    /** What a row has that gets no gradient does not matter, but for ‖V‖. */
    @Test
    void aPaddingRowHasNoGradient() {
        try (Problem p = new Problem(Kind.EMBEDDING_WITH_PADDING, ScalarType.Double, 3)) {
            assertThat(torch.any(p.x.eq(new Scalar(2))).item_bool()).isTrue();
            LayerScores before = p.scores(p.names());
            try (NoGradGuard guard = new NoGradGuard()) {
                p.reference.parameters.tensor("weight").select(0, 2).mul_(new Scalar(9));
            }
            LayerScores after = p.scores(p.names());
            assertThat(after.directionNorms()[0]).isGreaterThan(before.directionNorms()[0]);
            for (int i = 0; i < p.rows; i++) {
                assertThat(after.scores()[0][i] * after.directionNorms()[0])
                        .isCloseTo(before.scores()[0][i] * before.directionNorms()[0], within(1e-12));
            }
            gradients(p, p.names(), Calibration.LAYER, 1e-11);
            Tensor losses = p.live.losses(null, p.x, p.labels);
            losses.mean().backward();
            for (double g :
                    Host.doubles(p.live.parameters.tensor("weight").grad().select(0, 2)))
                assertThat(g).isZero();
        }
    }
}
