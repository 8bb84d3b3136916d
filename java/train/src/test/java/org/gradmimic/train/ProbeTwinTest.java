package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Calibration;
import org.gradmimic.SlowHead;
import org.gradmimic.SlowWeights;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole training runs against plain loops in double precision, with one gradient a sample. */
class ProbeTwinTest {
    private static final int N = 13;
    private static final int D = 5;
    private static final int C = 3;
    private static final int B = 4;
    private static final int EPOCHS = 3;
    private static final int STEPS = 4;

    private static final OptimizerSettings SGD = new OptimizerSettings(OptimizerSettings.Kind.SGD, 0.05, 1e-2, 0.5);
    private static final OptimizerSettings ADAMW = new OptimizerSettings(OptimizerSettings.Kind.ADAMW, 0.02, 1e-2, 0);

    /** Random data, the same in both precisions. */
    private static final class Fixture {
        final Random random = new Random(5);
        final double[] features = draw(N * D);
        final long[] labels = random.longs(N, 0, C).toArray();
        final double[] reference = draw(C * D);
        final double[] referenceBias = draw(C);
        final double[] weight = draw(C * D);
        final double[] bias = draw(C);
        final double[] clean = draw(4 * D);
        final long[] cleanLabels = {0, 1, 2, 0};
        final long[][] order = new long[EPOCHS][];
        final long[][][] comparison = new long[EPOCHS][STEPS][];

        Fixture() {
            for (int e = 0; e < EPOCHS; e++) {
                // Drawn with replacement: samples repeat.
                order[e] = random.longs(N, 0, N).toArray();
                for (int s = 0; s < STEPS; s++)
                    comparison[e][s] = random.longs(3, 0, N).toArray();
            }
        }

        double[] draw(int n) {
            return random.doubles(n).map(x -> (float) (2 * x - 1)).toArray();
        }

        ProbeData data() {
            return ProbeData.builder()
                    .features(tensor(features, N, D))
                    .labels(Tensors.of(labels, N))
                    .referenceWeight(tensor(reference, C, D))
                    .referenceBias(tensor(referenceBias, C))
                    .initial(tensor(weight, C, D), tensor(bias, C))
                    .clean(tensor(clean, 4, D), Tensors.of(cleanLabels, 4))
                    .order(Tensors.of(
                            Arrays.stream(order).flatMapToLong(Arrays::stream).toArray(), EPOCHS, N))
                    .agraComparison(Tensors.of(
                            Arrays.stream(comparison)
                                    .flatMap(Arrays::stream)
                                    .flatMapToLong(Arrays::stream)
                                    .toArray(),
                            EPOCHS,
                            STEPS,
                            3))
                    .build();
        }

        double[][] rows(long[] ids) {
            return Arrays.stream(ids)
                    .mapToObj(i -> Arrays.copyOfRange(features, (int) i * D, (int) (i + 1) * D))
                    .toArray(double[][]::new);
        }

        long[] labels(long[] ids) {
            return Arrays.stream(ids).map(i -> labels[(int) i]).toArray();
        }
    }

    private static org.bytedeco.pytorch.Tensor tensor(double[] values, long... shape) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) narrow[i] = (float) values[i];
        return Tensors.of(narrow, shape);
    }

    /** What a run logged, in order, and where it ended. */
    private static final class Log implements ProbeListener {
        final List<Double> score = new ArrayList<>();
        final List<Double> weight = new ArrayList<>();
        final List<Double> loss = new ArrayList<>();

        @Override
        public void accept(int epoch, long step, long[] ids, float[] s, float[] w, float[] l, int count) {
            for (int i = 0; i < count; i++) {
                score.add((double) s[i]);
                weight.add((double) w[i]);
                loss.add((double) l[i]);
            }
        }
    }

    /** LibTorch's optimisers by their documented formulas, in double precision. */
    private static final class SlowOptimizer {
        private final OptimizerSettings settings;
        private final double[] first;
        private final double[] second;
        private int steps;

        SlowOptimizer(OptimizerSettings settings, int parameters) {
            this.settings = settings;
            first = new double[parameters];
            second = new double[parameters];
        }

        void step(double[] parameter, double[] gradient) {
            steps++;
            double lr = settings.learningRate();
            double decay = settings.weightDecay();
            for (int j = 0; j < parameter.length; j++) {
                if (settings.kind() == OptimizerSettings.Kind.SGD) {
                    double g = gradient[j] + decay * parameter[j];
                    first[j] = steps == 1 ? g : settings.momentum() * first[j] + g;
                    parameter[j] -= lr * first[j];
                } else {
                    parameter[j] -= lr * decay * parameter[j];
                    first[j] = 0.9 * first[j] + 0.1 * gradient[j];
                    second[j] = 0.999 * second[j] + 0.001 * gradient[j] * gradient[j];
                    double mean = first[j] / (1 - Math.pow(0.9, steps));
                    double variance = second[j] / (1 - Math.pow(0.999, steps));
                    parameter[j] -= lr * mean / (Math.sqrt(variance) + 1e-8);
                }
            }
        }
    }

    private static ProbeSettings settings(
            Mode mode,
            Weighting.Kind score,
            double lambda,
            boolean attached,
            Calibration calibration,
            OptimizerSettings optimizer,
            int startingEpoch) {
        return ProbeSettings.of(mode)
                .score(score)
                .temperature(0.6)
                .lambda(lambda)
                .rhoAttached(attached)
                .calibration(calibration)
                .optimizer(optimizer)
                .batchSize(B)
                .epochs(EPOCHS)
                .startingEpoch(startingEpoch)
                .build();
    }

    static Stream<ProbeSettings> runs() {
        List<ProbeSettings> runs = new ArrayList<>();
        for (Calibration calibration : Calibration.values()) {
            for (OptimizerSettings optimizer : new OptimizerSettings[] {SGD, ADAMW}) {
                for (Mode mode : Mode.values()) {
                    if (mode == Mode.MIMIC) continue;
                    runs.add(settings(mode, Weighting.Kind.PROJ, 0, false, calibration, optimizer, 0));
                }
                for (Weighting.Kind score : Weighting.Kind.ofScores()) {
                    runs.add(settings(Mode.MIMIC, score, 0, false, calibration, optimizer, 0));
                }
            }
            for (Mode mode : new Mode[] {Mode.MIMIC, Mode.GRAD_MATCH}) {
                runs.add(settings(mode, Weighting.Kind.OPT, 0.3, false, calibration, SGD, 0));
                runs.add(settings(mode, Weighting.Kind.OPT, 50, false, calibration, SGD, 0));
            }
            runs.add(settings(Mode.RHO, Weighting.Kind.PROJ, 0, true, calibration, SGD, 0));
            for (Mode mode : new Mode[] {Mode.MIMIC, Mode.RHO, Mode.AGRA}) {
                runs.add(settings(mode, Weighting.Kind.NORMED_COS, 0, false, calibration, ADAMW, 2));
            }
        }
        return runs.stream();
    }

    @ParameterizedTest
    @MethodSource("runs")
    void agrees(ProbeSettings settings) {
        Fixture f = new Fixture();
        Log log = new Log();
        ProbeResult result;
        try (PointerScope scope = new PointerScope()) {
            result = new Probe(f.data(), settings, log).run();
        }
        Log twin = new Log();
        double[] weight = f.weight.clone();
        double[] bias = f.bias.clone();
        train(f, settings, weight, bias, twin);
        String what = settings.mode() + " " + settings.values().get(ProbeSettings.SCORE) + " lambda "
                + settings.values().get(ProbeSettings.LAMBDA) + " " + settings.calibration() + " "
                + settings.optimizer().kind() + " from " + settings.startingEpoch();
        // Single against double precision over twelve steps; AdamW divides by the gradient's size, which where
        // that is near 0 amplifies rounding, and the solver of opt stops at 1e-3 of the largest weight.
        double tolerance = settings.values().get(ProbeSettings.LAMBDA) > 0 ? 1e-3 : 1e-4;
        assertClose(log.loss, twin.loss, tolerance, what + " losses");
        assertClose(log.weight, twin.weight, tolerance, what + " weights");
        boolean scored = switch (settings.mode()) {
            case SGD, GRAND, RHO -> false;
            default -> true;
        };
        if (scored) assertClose(log.score, twin.score, tolerance, what + " scores");
        else assertThat(log.score).as(what).containsOnly(Double.NaN);
        assertClose(list(result.weight()), list(weight), tolerance, what + " weight");
        assertClose(list(result.bias()), list(bias), tolerance, what + " bias");
    }

    private static List<Double> list(float[] values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> (double) values[i])
                .toList();
    }

    private static List<Double> list(double[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    private static void assertClose(List<Double> actual, List<Double> expected, double tolerance, String what) {
        double largest = expected.stream().mapToDouble(Math::abs).max().orElse(0);
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i))
                    .as("%s [%d]", what, i)
                    .isCloseTo(expected.get(i), within(tolerance * Math.max(1, largest)));
        }
    }

    private static void train(Fixture f, ProbeSettings settings, double[] weight, double[] bias, Log log) {
        SlowOptimizer weightOptimizer = new SlowOptimizer(settings.optimizer(), weight.length);
        SlowOptimizer biasOptimizer = new SlowOptimizer(settings.optimizer(), bias.length);
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            for (int step = 0; step < STEPS; step++) {
                long[] ids = Arrays.copyOfRange(f.order[epoch], step * B, Math.min(N, (step + 1) * B));
                SlowHead head = new SlowHead(weight, bias, f.rows(ids), f.labels(ids));
                double[] direction = direction(f, settings, weight, bias, head, epoch, step);
                double[] score = direction == null ? null : head.scores(direction);
                boolean plain = epoch < settings.startingEpoch();
                double[] w = plain
                        ? SlowWeights.of(org.gradmimic.Weighting.uniform(), null, head.loss, 0, null)
                        : SlowWeights.of(
                                settings.weighting(),
                                score,
                                head.norms(),
                                direction == null ? 0 : SlowHead.norm(direction),
                                excess(f, ids, head));
                for (int i = 0; i < ids.length; i++) {
                    log.score.add(score == null ? Double.NaN : score[i]);
                    log.weight.add(w[i]);
                    log.loss.add(head.loss[i]);
                }
                double[] scale = w.clone();
                if (settings.values().get(ProbeSettings.RHO_ATTACHED) && !plain) {
                    double mean = 0;
                    for (int i = 0; i < w.length; i++) mean += w[i] * head.loss[i];
                    for (int i = 0; i < w.length; i++) scale[i] = w[i] * (1 + head.loss[i] - mean);
                }
                boolean all = settings.calibration() == Calibration.ALL || settings.mode() == Mode.RHO;
                double[] weightGradient = new double[weight.length];
                double[] biasGradient = new double[bias.length];
                for (int i = 0; i < ids.length; i++) {
                    for (int j = 0; j < weight.length; j++) weightGradient[j] += scale[i] * head.gradient[i][j];
                    for (int c = 0; c < C; c++) {
                        biasGradient[c] += (all ? scale[i] : 1.0 / ids.length) * head.delta[i][c];
                    }
                }
                weightOptimizer.step(weight, weightGradient);
                biasOptimizer.step(bias, biasGradient);
            }
        }
    }

    private static double[] excess(Fixture f, long[] ids, SlowHead head) {
        double[] excess = new SlowHead(f.reference, f.referenceBias, f.rows(ids), f.labels(ids)).loss;
        for (int i = 0; i < excess.length; i++) excess[i] = head.loss[i] - excess[i];
        return excess;
    }

    private static double[] direction(
            Fixture f, ProbeSettings settings, double[] weight, double[] bias, SlowHead head, int epoch, int step) {
        switch (settings.mode()) {
            case MIMIC -> {
                double[] v = f.reference.clone();
                for (int j = 0; j < v.length; j++) v[j] -= weight[j];
                return v;
            }
            case AGRA -> {
                long[] ids = f.comparison[epoch][step];
                return negated(new SlowHead(weight, bias, f.rows(ids), f.labels(ids)).meanGradient());
            }
            case INFLUENCE -> {
                double[][] rows = new double[4][];
                for (int i = 0; i < 4; i++) rows[i] = Arrays.copyOfRange(f.clean, i * D, (i + 1) * D);
                return negated(new SlowHead(weight, bias, rows, f.cleanLabels).meanGradient());
            }
            case GRAD_MATCH -> {
                return negated(head.meanGradient());
            }
            default -> {
                return null;
            }
        }
    }

    private static double[] negated(double[] vector) {
        return Arrays.stream(vector).map(x -> -x).toArray();
    }

    @Test
    void theSameSeedGivesTheSameBitsAndAnotherDoesNot() {
        for (Mode mode : new Mode[] {Mode.MIMIC, Mode.AGRA}) {
            ProbeResult[] results = new ProbeResult[3];
            Log[] logs = new Log[3];
            for (int k = 0; k < 3; k++) {
                Fixture f = new Fixture();
                ProbeSettings settings = ProbeSettings.of(mode)
                        .optimizer(ADAMW)
                        .batchSize(B)
                        .epochs(EPOCHS)
                        .seed(k < 2 ? -77 : 78)
                        .build();
                logs[k] = new Log();
                try (PointerScope scope = new PointerScope()) {
                    ProbeData fresh = ProbeData.builder()
                            .features(tensor(f.features, N, D))
                            .labels(Tensors.of(f.labels, N))
                            .referenceWeight(tensor(f.reference, C, D))
                            .build();
                    // Whatever was drawn before does not matter.
                    torch.rand(k + 1);
                    results[k] = new Probe(fresh, settings, logs[k]).run();
                }
            }
            assertThat(results[1].weight()).isEqualTo(results[0].weight());
            assertThat(results[1].bias()).isEqualTo(results[0].bias());
            assertThat(logs[1].weight).isEqualTo(logs[0].weight);
            assertThat(logs[1].score).isEqualTo(logs[0].score);
            assertThat(results[2].weight()).isNotEqualTo(results[0].weight());
            assertThat(logs[2].weight).isNotEqualTo(logs[0].weight);
        }
    }
}
