package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.NonFiniteException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(OwnScope.class)
class MimicHeadTest {
    /**
     * Single precision against double: sums of a few hundred products of size one, each rounded to 6e-8, stay well below
     * this relative to the largest number compared.
     */
    private static final double TOLERANCE = 2e-5;

    /** A random problem; the seed is in its text. */
    private static final class Problem {
        final long seed;
        final int rows;
        final int classes;
        final int width;
        final LinearImpl linear;
        final Tensor reference;
        final Tensor features;
        final Tensor labels;

        Problem(long seed) {
            this.seed = seed;
            Random random = new Random(seed);
            rows = new int[] {1, 2, 7, 32, 65}[random.nextInt(5)];
            classes = new int[] {2, 3, 10, 17}[random.nextInt(4)];
            width = new int[] {1, 5, 16, 48}[random.nextInt(4)];
            torch.manual_seed(seed);
            linear = new LinearImpl(width, classes);
            reference = torch.randn(classes, width);
            features = torch.randn(rows, width);
            labels = torch.randint(0, classes, new long[] {rows}).to(torch.ScalarType.Long);
        }

        PerSample oracle() {
            return new PerSample(features, labels, linear.weight(), linear.bias());
        }

        double[] direction() {
            return PerSample.doubles(reference.sub(linear.weight()));
        }

        @Override
        public String toString() {
            return "seed " + seed + ": B=" + rows + " C=" + classes + " D=" + width;
        }
    }

    private static Weighting weighting(Weighting.Kind kind) {
        return new Weighting(kind, 0.7, 0, false);
    }

    private static void assertClose(double[] actual, double[] expected, Object what) {
        assertThat(actual).as("%s", what).hasSameSizeAs(expected);
        double largest = 1e-3;
        for (double x : expected) largest = Math.max(largest, Math.abs(x));
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("%s [%d]", what, i).isCloseTo(expected[i], within(TOLERANCE * largest));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Weighting.Kind.class,
            names = {"UNIFORM", "PROJ", "COS", "NORMED_PROJ", "NORMED_COS", "OPT", "GRAND"})
    void agreesWithOneGradientPerSample(Weighting.Kind kind) {
        for (int round = 0; round < 12; round++) {
            for (Calibration calibration : Calibration.values()) {
                Problem p = new Problem(1000L * kind.ordinal() + round);
                PerSample oracle = p.oracle();
                double[] v = p.direction();
                double norm = Math.sqrt(PerSample.dot(v, v));
                double[] scores = new double[p.rows];
                for (int i = 0; i < p.rows; i++) scores[i] = -PerSample.dot(oracle.weightGradient[i], v) / norm;

                p.features.set_requires_grad(true);
                try (MimicHead head = MimicHead.builder(p.linear)
                        .reference(p.reference)
                        .weighting(weighting(kind))
                        .calibration(calibration)
                        .build()) {
                    HeadStep step = head.step(
                            p.features,
                            p.labels,
                            torch.arange(new Scalar(p.rows)).to(torch.ScalarType.Long));
                    assertClose(PerSample.doubles(step.losses()), oracle.loss, p + " losses");
                    assertClose(PerSample.doubles(step.scores()), scores, p + " scores");
                    double[] w = PerSample.doubles(step.weights());
                    assertWeights(kind, w, scores, oracle, norm, p);
                    step.backward();

                    double[] uniform = new double[p.rows];
                    java.util.Arrays.fill(uniform, 1.0 / p.rows);
                    double[] others = calibration == Calibration.ALL ? w : uniform;
                    assertClose(
                            PerSample.doubles(p.linear.weight().grad()),
                            PerSample.combine(oracle.weightGradient, w),
                            p + " weight gradient");
                    assertClose(
                            PerSample.doubles(p.linear.bias().grad()),
                            PerSample.combine(oracle.biasGradient, others),
                            p + " bias gradient");
                    double[] back = PerSample.doubles(p.features.grad());
                    for (int i = 0; i < p.rows; i++) {
                        double[] row = java.util.Arrays.copyOfRange(back, i * p.width, (i + 1) * p.width);
                        double scale = others[i];
                        assertClose(
                                row,
                                java.util.Arrays.stream(oracle.featureGradient[i])
                                        .map(x -> scale * x)
                                        .toArray(),
                                p + " dh " + i);
                    }
                }
            }
        }
    }

    private static void assertWeights(
            Weighting.Kind kind, double[] w, double[] scores, PerSample oracle, double norm, Problem p) {
        int n = w.length;
        double[] gradientNorm = new double[n];
        for (int i = 0; i < n; i++)
            gradientNorm[i] = Math.sqrt(PerSample.dot(oracle.weightGradient[i], oracle.weightGradient[i]));
        double[] expected = new double[n];
        for (int i = 0; i < n; i++) {
            double cos = gradientNorm[i] == 0 ? 0 : scores[i] / gradientNorm[i];
            expected[i] = switch (kind) {
                case UNIFORM -> 1.0 / n;
                case PROJ -> scores[i];
                case COS -> cos;
                case NORMED_PROJ -> Math.exp(scores[i] / 0.7);
                case NORMED_COS -> Math.exp(cos / 0.7);
                case OPT -> gradientNorm[i] == 0 ? 0 : scores[i] * norm / (gradientNorm[i] * gradientNorm[i]);
                default -> Math.exp(gradientNorm[i]);
            };
        }
        if (kind == Weighting.Kind.NORMED_PROJ || kind == Weighting.Kind.NORMED_COS || kind == Weighting.Kind.GRAND) {
            double sum = java.util.Arrays.stream(expected).sum();
            for (int i = 0; i < n; i++) expected[i] /= sum;
        }
        assertClose(w, expected, p + " weights");
    }

    @Test
    void cachedReferenceLogitsGiveTheSameScores() {
        Problem p = new Problem(5);
        Tensor logits = torch.mm(p.features, p.reference.t());
        try (MimicHead head = MimicHead.builder(p.linear)
                .reference(p.reference)
                .weighting(Weighting.normedProj(1))
                .build()) {
            double[] product = PerSample.doubles(
                    head.step(new HeadBatch(p.features, p.labels)).scores());
            double[] cached =
                    PerSample.doubles(head.step(new HeadBatch(p.features, p.labels).withReferenceLogits(logits))
                            .scores());
            assertClose(cached, product, p);
        }
    }

    @Test
    void nearTheReferenceTheProductReplacesTheDifferenceOfLogits() {
        torch.manual_seed(3);
        LinearImpl linear = new LinearImpl(64, 10);
        Tensor reference =
                linear.weight().detach().clone().add_(torch.randn(10, 64).mul_(new Scalar(1e-6)));
        Tensor features = torch.randn(16, 64);
        Tensor labels = torch.randint(0, 10, new long[] {16}).to(torch.ScalarType.Long);
        PerSample oracle = new PerSample(features, labels, linear.weight(), linear.bias());
        double[] v = PerSample.doubles(reference.sub(linear.weight()));
        double norm = Math.sqrt(PerSample.dot(v, v));
        double[] expected = new double[16];
        for (int i = 0; i < 16; i++) expected[i] = -PerSample.dot(oracle.weightGradient[i], v) / norm;
        Tensor logits = torch.mm(features, reference.t());
        try (MimicHead head = MimicHead.builder(linear)
                .reference(reference)
                .weighting(Weighting.proj())
                .build()) {
            HeadStep step = head.step(new HeadBatch(features, labels).withReferenceLogits(logits));
            assertClose(PerSample.doubles(step.scores()), expected, "scores");
        }
    }

    @Test
    void theDirectionFollowsTheWeightAndTheOptimiserSeesTheGradient() {
        Problem p = new Problem(11);
        try (MimicHead head = MimicHead.builder(p.linear)
                .reference(p.reference)
                .weighting(Weighting.normedProj(1))
                .build()) {
            var optimizer = new org.bytedeco.pytorch.SGD(
                    new TensorVector(p.linear.weight(), p.linear.bias()), new org.bytedeco.pytorch.SGDOptions(0.5));
            for (int k = 0; k < 3; k++) {
                Tensor before = p.linear.weight().detach().clone();
                double[] v = p.direction();
                optimizer.zero_grad();
                HeadStep step = head.step(new HeadBatch(p.features, p.labels));
                assertThat(head.direction().normSquared())
                        .isCloseTo(PerSample.dot(v, v), within(1e-5 * PerSample.dot(v, v)));
                step.backward();
                double[] gradient = PerSample.doubles(p.linear.weight().grad());
                optimizer.step();
                double[] expected = PerSample.doubles(before);
                for (int i = 0; i < expected.length; i++) expected[i] -= 0.5 * gradient[i];
                assertClose(PerSample.doubles(p.linear.weight()), expected, "weight after step " + k);
            }
        }
    }

    @Test
    void gradientsAddUpUntilTheyAreZeroed() {
        Problem p = new Problem(21);
        try (MimicHead head =
                MimicHead.builder(p.linear).weighting(Weighting.uniform()).build()) {
            head.step(new HeadBatch(p.features, p.labels)).backward();
            double[] once = PerSample.doubles(p.linear.weight().grad().clone());
            head.step(new HeadBatch(p.features, p.labels)).backward();
            double[] twice = java.util.Arrays.stream(once).map(x -> 2 * x).toArray();
            assertClose(PerSample.doubles(p.linear.weight().grad()), twice, "accumulated");
        }
    }

    @Test
    void aNanSampleIsNamedAndLeavesNoTrace() {
        torch.manual_seed(9);
        LinearImpl linear = new LinearImpl(8, 3);
        Tensor reference = torch.randn(3, 8);
        Tensor features = torch.randn(5, 8);
        features.narrow(0, 3, 1).narrow(1, 2, 1).fill_(new Scalar(Float.NaN));
        Tensor labels = Tensors.of(new long[] {0, 1, 2, 0, 1}, 5);
        Tensor ids = Tensors.of(new long[] {10, 11, 12, 13, 14}, 5);
        List<Float> logged = new ArrayList<>();
        try (ScoreTable table = new ScoreTable(8, (e, s, i, score, weight, loss, n) -> {
                    for (int k = 0; k < n; k++) logged.add(weight[k]);
                });
                MimicHead head = MimicHead.builder(linear)
                        .reference(reference)
                        .weighting(Weighting.normedProj(1))
                        .table(table)
                        .build()) {
            HeadStep step = head.step(features, labels, ids);
            assertThat(step.nonFiniteIds()).hasSize(1);
            assertThat(step.nonFiniteIds()).containsExactly(13L);
            step.backward();
            table.drain();
            assertThat(logged).hasSize(5);
            assertThat(logged.get(3)).isZero();
            assertThat(logged.stream().mapToDouble(x -> x).sum()).isCloseTo(1, within(1e-6));
            for (double g : PerSample.doubles(linear.weight().grad()))
                assertThat(g).isFinite();
            for (double g : PerSample.doubles(linear.bias().grad()))
                assertThat(g).isFinite();
        }
    }

    @Test
    void namesASampleWhoseGradientNormOverflows() {
        Problem p = new Problem(5);
        // Its square is beyond float; its logits, loss and score are not.
        p.features.narrow(0, 2, 1).mul_(new Scalar(1e25f));
        Tensor norms = Tensors.rowNormsSquared(p.features);
        Tensor ids = Tensors.of(new long[] {10, 11, 12, 13, 14, 15, 16}, 7);
        try (ScoreTable table = new ScoreTable(8, (e, s, i, score, weight, loss, n) -> {})) {
            for (Tensor given : new Tensor[] {null, norms}) {
                try (MimicHead head = MimicHead.builder(p.linear)
                        .reference(p.reference)
                        .weighting(Weighting.normedCos(1))
                        .table(table)
                        .build()) {
                    HeadStep step = head.step(
                            new HeadBatch(p.features, p.labels).withIds(ids).withFeatureNormsSquared(given));
                    assertThat(step.losses().isfinite().all().item_bool()).isTrue();
                    assertThat(step.scores().isfinite().all().item_bool()).isTrue();
                    assertThat(step.nonFiniteIds()).hasSize(1);
                    assertThat(step.nonFiniteIds()).containsExactly(12L);
                    assertThat(Tensors.floats(step.weights())[2]).isZero();
                }
            }
        }
    }

    @Test
    void namesASampleWhoseReferenceLossIsNotFinite() {
        Problem p = new Problem(5);
        Tensor losses = Tensors.of(new float[] {1, 1, 1, Float.NaN, 1, 1, 1}, 7);
        try (MimicHead head =
                MimicHead.builder(p.linear).weighting(Weighting.rho(false)).build()) {
            HeadStep step = head.step(new HeadBatch(p.features, p.labels).withReferenceLoss(losses));
            assertThat(step.nonFiniteIds()).containsExactly(3L);
        }
    }

    @Test
    void aBatchWithoutAFiniteScoreIsRefused() {
        Problem p = new Problem(2);
        p.features.fill_(new Scalar(Float.NaN));
        try (MimicHead head = MimicHead.builder(p.linear)
                .reference(p.reference)
                .weighting(Weighting.normedProj(1))
                .build()) {
            assertThatThrownBy(() -> head.step(new HeadBatch(p.features, p.labels)))
                    .isInstanceOf(NonFiniteException.class)
                    .hasMessageContaining("gm_head_step");
        }
    }

    @Test
    void invalidArgumentsAreRefused() {
        Problem p = new Problem(4);
        try (MimicHead head = MimicHead.builder(p.linear)
                .reference(p.reference)
                .weighting(Weighting.normedProj(1))
                .build()) {
            assertThatThrownBy(() -> head.step(new HeadBatch(torch.randn(2, p.width + 1), p.labels)))
                    .hasMessageContaining("features has the shape [2, " + (p.width + 1) + "]");
            Tensor wrong = Tensors.of(new long[] {p.classes}, 1);
            assertThatThrownBy(() -> head.step(new HeadBatch(torch.randn(1, p.width), wrong)))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("labels[0] = " + p.classes + " is outside [0, " + p.classes + ")");
        }
        MimicHead closed =
                MimicHead.builder(p.linear).weighting(Weighting.uniform()).build();
        closed.close();
        closed.close();
        assertThatThrownBy(() -> closed.step(new HeadBatch(p.features, p.labels)))
                .hasMessageContaining("closed");
        assertThatThrownBy(() ->
                        MimicHead.builder(p.linear).weighting(Weighting.proj()).build())
                .hasMessageContaining("needs a direction");
    }

    @Test
    void theTableKeepsEveryStepInOrder() {
        Problem p = new Problem(31);
        List<String> seen = new ArrayList<>();
        try (ScoreTable table = new ScoreTable(
                        2 * p.rows + 1,
                        (e, s, ids, score, weight, loss, n) -> seen.add(e + ":" + s + ":" + ids[0] + ":" + n));
                MimicHead head = MimicHead.builder(p.linear)
                        .reference(p.reference)
                        .weighting(Weighting.normedProj(1))
                        .table(table)
                        .build()) {
            table.position(4, 100);
            for (int k = 0; k < 5; k++) {
                long[] ids = new long[p.rows];
                java.util.Arrays.fill(ids, k);
                head.step(p.features, p.labels, Tensors.of(ids, p.rows));
            }
            table.drain();
        }
        assertThat(seen)
                .containsExactly(
                        "4:100:0:" + p.rows,
                        "4:101:1:" + p.rows,
                        "4:102:2:" + p.rows,
                        "4:103:3:" + p.rows,
                        "4:104:4:" + p.rows);
    }
}
