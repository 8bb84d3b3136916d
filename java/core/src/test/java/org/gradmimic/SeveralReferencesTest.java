package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Device;
import org.gradmimic.device.TestDevice;
import org.gradmimic.kernel.OpenResources;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A head with K references, against one gradient a sample in double precision. */
@ExtendWith(OwnScope.class)
class SeveralReferencesTest {
    /** Single precision against double, of the largest number compared; see {@link MimicHeadTest}. */
    private static final double TOLERANCE = 2e-5;

    private static final double TEMPERATURE = 0.7;

    /** A head, K references and a batch, all random. */
    private static final class Problem {
        final int rows;
        final int classes;
        final int width;
        final Tensor weight;
        final Tensor bias;
        final List<Tensor> references = new ArrayList<>();
        final Tensor features;
        final Tensor labels;
        final PerSample oracle;

        /** [K][B] */
        final double[][] scores;

        final double[] norms;

        Problem(long seed, int count) {
            rows = new int[] {1, 3, 7, 65}[(int) (seed % 4)];
            classes = new int[] {2, 5, 17}[(int) (seed % 3)];
            width = new int[] {1, 16, 33}[(int) (seed / 3 % 3)];
            torch.manual_seed(seed);
            weight = torch.randn(classes, width).set_requires_grad(true);
            bias = torch.randn(classes).set_requires_grad(true);
            for (int k = 0; k < count; k++) references.add(torch.randn(classes, width));
            features = torch.randn(rows, width).set_requires_grad(true);
            labels = torch.randint(0, classes, new long[] {rows}).to(torch.ScalarType.Long);
            oracle = new PerSample(features, labels, weight, bias);
            scores = new double[count][rows];
            norms = new double[count];
            for (int k = 0; k < count; k++) {
                double[] v = PerSample.doubles(references.get(k));
                double[] w = PerSample.doubles(weight);
                for (int j = 0; j < v.length; j++) v[j] -= w[j];
                norms[k] = Math.sqrt(PerSample.dot(v, v));
                for (int i = 0; i < rows; i++) {
                    scores[k][i] = -PerSample.dot(oracle.weightGradient[i], v) / norms[k];
                }
            }
        }

        MimicHead head(
                ReferenceCombination combination, Weighting weighting, Calibration calibration, ScoreTable table) {
            return MimicHead.builder(weight)
                    .bias(bias)
                    .direction(DirectionSource.references(references, combination))
                    .weighting(weighting)
                    .calibration(calibration)
                    .table(table)
                    .build();
        }

        double combined(ReferenceCombination combination, int i) {
            double sum = 0;
            double least = Double.POSITIVE_INFINITY;
            for (double[] score : scores) {
                sum += score[i];
                least = Math.min(least, score[i]);
            }
            return switch (combination.rule()) {
                case ONE -> scores[combination.reference()][i];
                case MEAN -> sum / scores.length;
                case MIN -> least;
            };
        }

        double[] weights(Weighting.Kind kind, ReferenceCombination combination) {
            double[] w = new double[rows];
            double sum = 0;
            for (int i = 0; i < rows; i++) {
                double[] g = oracle.weightGradient[i];
                double norm = Math.sqrt(PerSample.dot(g, g));
                double score = combined(combination, i);
                w[i] = switch (kind) {
                    case PROJ -> score;
                    case COS -> score / norm;
                    case OPT -> score * norms[combination.reference()] / (norm * norm);
                    case NORMED_PROJ -> Math.exp(score / TEMPERATURE);
                    case NORMED_COS -> Math.exp(score / norm / TEMPERATURE);
                    default -> 1;
                };
                sum += w[i];
            }
            if (kind == Weighting.Kind.PROJ || kind == Weighting.Kind.COS || kind == Weighting.Kind.OPT) return w;
            for (int i = 0; i < rows; i++) w[i] /= sum;
            return w;
        }
    }

    private static void assertClose(Tensor actual, double[] expected, String what) {
        double[] found = PerSample.doubles(actual);
        assertThat(found).as(what).hasSameSizeAs(expected);
        double largest = 1e-3;
        for (double x : expected) largest = Math.max(largest, Math.abs(x));
        double worst = 0;
        for (int i = 0; i < found.length; i++) {
            double error = Math.abs(found[i] - expected[i]);
            // NaN is no small error.
            if (!(error <= worst)) worst = error;
        }
        assertThat(worst).as(what).isLessThanOrEqualTo(TOLERANCE * largest);
    }

    private static Stream<ReferenceCombination> combinations(int count) {
        return Stream.of(
                ReferenceCombination.one(0),
                ReferenceCombination.one(count - 1),
                ReferenceCombination.mean(),
                ReferenceCombination.min());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void agreesWithOneGradientPerSample(int count) {
        for (Weighting.Kind kind : Weighting.Kind.values()) {
            if (kind == Weighting.Kind.AGRA || kind == Weighting.Kind.RHO || kind == Weighting.Kind.GRAND) continue;
            boolean one = kind == Weighting.Kind.COS || kind == Weighting.Kind.NORMED_COS || kind == Weighting.Kind.OPT;
            combinations(count)
                    .filter(combination -> !one || combination.rule() == ReferenceCombination.Rule.ONE)
                    .forEach(combination -> {
                        for (long seed = 0; seed < 12; seed += 5) check(seed, count, kind, combination);
                    });
        }
    }

    private static void check(long seed, int count, Weighting.Kind kind, ReferenceCombination combination) {
        for (Calibration calibration : Calibration.values()) {
            try (PointerScope scope = new PointerScope()) {
                Problem p = new Problem(seed, count);
                String what = "seed " + seed + ", " + kind + " of " + combination + ", " + calibration;
                double[] combined = new double[p.rows];
                for (int i = 0; i < p.rows; i++) combined[i] = p.combined(combination, i);
                double[] weights = p.weights(kind, combination);
                List<Float> logged = new ArrayList<>();
                try (ScoreTable table = new ScoreTable(100, (e, s, ids, score, w, loss, n) -> {
                            for (int i = 0; i < n; i++) logged.add(score[i]);
                        });
                        MimicHead head =
                                p.head(combination, new Weighting(kind, TEMPERATURE, 0, false), calibration, table)) {
                    HeadStep step = head.step(new HeadBatch(p.features, p.labels));
                    assertClose(step.scores(), combined, what + ": scores");
                    Tensor each = step.referenceScores();
                    assertThat(Tensors.sizes(each)).containsExactly(p.rows, count);
                    for (int k = 0; k < count; k++) {
                        assertClose(each.select(1, k), p.scores[k], what + ": scores toward " + k);
                        assertThat(Math.sqrt(head.direction().normSquared(k)))
                                .isCloseTo(p.norms[k], org.assertj.core.api.Assertions.within(1e-5 * p.norms[k]));
                    }
                    assertClose(step.weights(), weights, what + ": weights");
                    step.backward();
                    double[] others = new double[p.rows];
                    java.util.Arrays.fill(others, 1.0 / p.rows);
                    if (calibration == Calibration.ALL) others = weights;
                    assertClose(
                            p.weight.grad(), PerSample.combine(p.oracle.weightGradient, weights), what + ": gradient");
                    assertClose(p.bias.grad(), PerSample.combine(p.oracle.biasGradient, others), what + ": bias");
                    for (int i = 0; i < p.rows; i++) {
                        double[] row = p.oracle.featureGradient[i];
                        for (int j = 0; j < row.length; j++) row[j] *= others[i];
                        assertClose(p.features.grad().select(0, i), row, what + ": features");
                    }
                    table.drain();
                }
                assertThat(logged).hasSize(p.rows);
                for (int i = 0; i < p.rows; i++) {
                    assertThat((double) logged.get(i))
                            .as(what)
                            .isCloseTo(combined[i], org.assertj.core.api.Assertions.within(TOLERANCE * 20));
                }
            }
        }
    }

    /** One of one, their mean and their minimum are the same bits that a single reference gives. */
    @Test
    void oneReferenceIsOneHoweverItIsCombined() {
        List<float[]> found = new ArrayList<>();
        List<DirectionSource> sources = new ArrayList<>();
        for (int way = 0; way < 4; way++) {
            Problem p = new Problem(7, 1);
            sources.add(DirectionSource.reference(p.references.get(0)));
            combinations(1).skip(1).forEach(c -> sources.add(DirectionSource.references(p.references, c)));
            try (MimicHead head = MimicHead.builder(p.weight)
                    .bias(p.bias)
                    .direction(sources.get(way))
                    .weighting(Weighting.normedProj(0.5))
                    .build()) {
                HeadStep step = head.step(new HeadBatch(p.features, p.labels));
                step.backward();
                found.add(Tensors.floats(torch.cat(new TensorVector(
                        step.scores(),
                        step.referenceScores().select(1, 0),
                        step.weights(),
                        p.weight.grad().flatten(0, -1),
                        p.features.grad().flatten(0, -1)))));
            }
        }
        for (float[] other : found) assertThat(other).isEqualTo(found.get(0));
    }

    /** Logits of the references that were computed once; near one of them the products replace them. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cachedReferenceLogits(boolean near) {
        Problem p = new Problem(11, 3);
        if (near) {
            p.references.set(
                    1, p.weight.detach().add(torch.randn(p.classes, p.width).mul_(new Scalar(1e-6))));
        }
        Tensor logits = torch.stack(new TensorVector(p.references.stream()
                        .map(reference -> p.features.detach().mm(reference.t()))
                        .toArray(Tensor[]::new)))
                .transpose(0, 1)
                .contiguous();
        try (MimicHead head = p.head(ReferenceCombination.min(), Weighting.proj(), Calibration.LAYER, null)) {
            Tensor products = head.step(new HeadBatch(p.features, p.labels))
                    .referenceScores()
                    .clone();
            HeadStep step = head.step(new HeadBatch(p.features, p.labels).withReferenceLogits(logits));
            assertClose(step.referenceScores(), PerSample.doubles(products), "scores");
            // Differences of logits would be off by a tenth there.
            assertThat(torch.equal(step.referenceScores(), products)).isEqualTo(near);
            assertThatThrownBy(() ->
                            head.step(new HeadBatch(p.features, p.labels).withReferenceLogits(logits.select(1, 0))))
                    .hasMessageContaining("referenceLogits has the shape [65, 17], expected [65, 3, 17]");
        }
    }

    /** Weights, gradients, directions and scores follow the head as it is trained; batches of two sizes take turns. */
    @ParameterizedTest
    @EnumSource(Calibration.class)
    void trains(Calibration calibration) {
        Problem p = new Problem(10, 2);
        try (MimicHead head = p.head(ReferenceCombination.mean(), Weighting.normedProj(0.5), calibration, null)) {
            for (int step = 0; step < 4; step++) {
                int rows = step % 2 == 0 ? p.rows : 2;
                Tensor h = p.features.detach().narrow(0, 0, rows);
                Tensor y = p.labels.narrow(0, 0, rows);
                PerSample oracle = new PerSample(h, y, p.weight, p.bias);
                HeadStep scored = head.step(new HeadBatch(h, y));
                for (int k = 0; k < 2; k++) {
                    double[] v = PerSample.doubles(p.references.get(k).sub(p.weight.detach()));
                    double[] expected = new double[rows];
                    for (int i = 0; i < rows; i++) {
                        expected[i] = -PerSample.dot(oracle.weightGradient[i], v) / Math.sqrt(PerSample.dot(v, v));
                    }
                    assertClose(scored.referenceScores().select(1, k), expected, "step " + step);
                }
                scored.backward();
                p.weight.detach().sub_(p.weight.grad(), new Scalar(0.1));
                p.weight.mutable_grad().put(new Tensor());
            }
        }
    }

    /** A sample that one reference has no finite score for has no weight, and is named; on a device it is NaN in the table. */
    @Test
    void oneScoreThatIsNotFinite() {
        for (Device device : List.of(Device.CPU, TestDevice.asynchronousCpu())) {
            for (ReferenceCombination combination : combinations(2).toList()) {
                Problem p = new Problem(2, 2);
                // Its product with the second reference is beyond float.
                p.features.detach().select(0, 4).mul_(new Scalar(1e3f));
                p.references.get(1).mul_(new Scalar(3e37f));
                List<Float> logged = new ArrayList<>();
                try (ScoreTable table = new ScoreTable(device, 100, (e, s, ids, score, w, loss, n) -> {
                            for (int i = 0; i < n; i++) logged.add(score[i]);
                        });
                        MimicHead head = TestDevice.on(
                                device,
                                () -> MimicHead.builder(p.weight)
                                        .bias(p.bias)
                                        .direction(DirectionSource.references(p.references, combination))
                                        .weighting(Weighting.normedProj(1e30))
                                        .table(table)
                                        .build())) {
                    HeadStep step = head.step(new HeadBatch(p.features, p.labels));
                    assertThat(step.nonFiniteIds()).as("%s", combination).containsExactly(4L);
                    assertThat(Tensors.floats(step.weights())[4]).isZero();
                    assertThat(Tensors.floats(step.referenceScores())[8]).isFinite();
                    assertThat(Tensors.floats(step.referenceScores())[9]).isNaN();
                    table.drain();
                }
                for (int i = 0; i < p.rows; i++) {
                    if (i == 4) assertThat(logged.get(i)).as("%s", combination).isNaN();
                    else assertThat(logged.get(i)).isFinite();
                }
            }
        }
    }

    @Test
    void misuseIsNamed() {
        Problem p = new Problem(1, 2);
        assertThatThrownBy(() -> DirectionSource.references(List.of(), ReferenceCombination.mean()))
                .hasMessage("there is no reference weight");
        assertThatThrownBy(() -> DirectionSource.references(p.references, ReferenceCombination.one(2)))
                .hasMessageContaining("reference 2 of 2");
        assertThatThrownBy(() -> ReferenceCombination.one(-1)).hasMessageContaining("reference -1");
        long open = OpenResources.count();
        for (Weighting weighting : List.of(Weighting.cos(), Weighting.normedCos(1), Weighting.opt(0))) {
            for (ReferenceCombination combination : List.of(ReferenceCombination.mean(), ReferenceCombination.min())) {
                assertThatThrownBy(() -> p.head(combination, weighting, Calibration.ALL, null))
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessage("weighting " + weighting.kind() + " needs one reference, not the "
                                + combination.rule() + " of several");
            }
        }
        try (MimicHead head = p.head(ReferenceCombination.min(), Weighting.normedProj(1), Calibration.ALL, null)) {
            assertThatThrownBy(() -> head.weighting(Weighting.cos())).hasMessageContaining("not the min of several");
            assertThat(head.weighting().kind()).isEqualTo(Weighting.Kind.NORMED_PROJ);
        }
        p.references.set(1, torch.randn(p.classes, p.width + 1));
        assertThatThrownBy(() -> p.head(ReferenceCombination.min(), Weighting.proj(), Calibration.ALL, null))
                .hasMessageContaining("reference weight 1 has the shape");
        assertThat(OpenResources.count()).isEqualTo(open);
        try (MimicHead head = MimicHead.builder(p.weight)
                .weighting(Weighting.uniform())
                .calibration(Calibration.ALL)
                .build()) {
            HeadStep step = head.step(new HeadBatch(p.features, p.labels));
            assertThatThrownBy(step::referenceScores).hasMessageContaining("has no scores");
        }
    }
}
