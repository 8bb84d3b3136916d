package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.ScoreTable;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.Host;
import org.gradmimic.device.TestDevice;
import org.jspecify.annotations.Nullable;

/** Steps of small models on some device, to be compared with the same ones on the CPU, with what the steps made the device wait for. */
final class StepsOnDevice {
    /**
     * A random model and batch.
     *
     * @param model null for the two towers of a contrastive loss
     * @param mimic every n-th parameter is a mimic layer's
     * @param references how many
     * @param damaged sample 1 is not finite
     */
    record Problem(
            @Nullable SmallModels model,
            ContrastiveBatch.@Nullable Kind kind,
            ContrastiveScore contrastive,
            int mimic,
            Calibration calibration,
            Weighting weighting,
            int references,
            boolean damaged) {
        static Problem of(SmallModels model, int mimic, Calibration calibration, Weighting weighting) {
            return new Problem(model, null, ContrastiveScore.EXACT, mimic, calibration, weighting, 1, false);
        }

        static Problem of(ContrastiveBatch.Kind kind, ContrastiveScore score, int mimic, Calibration calibration) {
            return new Problem(null, kind, score, mimic, calibration, Weighting.normedProj(0.3), 1, false);
        }

        Problem withReferences(int count) {
            return new Problem(model, kind, contrastive, mimic, calibration, weighting, count, damaged);
        }

        Problem invalidFeatures() {
            return new Problem(model, kind, contrastive, mimic, calibration, weighting, references, true);
        }
    }

    /**
     * All that two steps with their backward passes give; the gradients of both are accumulated.
     *
     * @param table scores, weights and losses as the table was drained
     * @param gradients by name; those that no step has touched are zeros
     * @param nonFinite of the second step
     * @param waits reads, writes and waits of the second step
     * @param allocations of the second step
     */
    record Outcome(
            List<float[]> table, Map<String, float[]> gradients, List<Long> nonFinite, long waits, long allocations) {}

    private static final int ROWS = 5;

    private StepsOnDevice() {}

    private static long waits() {
        return DeviceCounters.hostReads() + DeviceCounters.hostWrites() + DeviceCounters.waits();
    }

    static Outcome run(Device device, Problem p) {
        return run(device, p, () -> {}, () -> {});
    }

    /** Tells when the second step begins and has ended. */
    static Outcome run(Device device, Problem p, Runnable begin, Runnable end) {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(7);
            if (p.model() == null) {
                try (Towers towers = new Towers(device, p.kind(), ScalarType.Float, ROWS)) {
                    if (p.damaged()) spoil(towers.images);
                    return run(device, p, towers.live, towers.used(), layers -> null, towers, begin, end);
                }
            }
            SmallModels model = p.model();
            Map<String, Tensor> live = SmallModels.moved(device, model.random(ScalarType.Float));
            Tensor x = device.move(model.input(ROWS));
            if (p.damaged()) spoil(x);
            Tensor labels = device.move(SmallModels.labels(ROWS));
            List<String> names = live.keySet().stream()
                    .filter(name -> live.get(name).requires_grad())
                    .toList();
            return run(device, p, live, names, layers -> model.losses(layers, x, labels), null, begin, end);
        }
    }

    private static void spoil(Tensor x) {
        x.select(0, 1).fill_(new Scalar(Double.NaN));
    }

    private static Outcome run(
            Device device,
            Problem p,
            Map<String, Tensor> live,
            List<String> names,
            Function<RecordingLayers, @Nullable Tensor> losses,
            @Nullable Towers towers,
            Runnable begin,
            Runnable end) {
        List<String> mimic = new ArrayList<>();
        for (int i = names.size() - 1; i >= 0; i -= p.mimic()) {
            boolean scalar = names.get(i).equals("scale") || names.get(i).equals("bias");
            if (!scalar || p.contrastive() == ContrastiveScore.EXACT) mimic.add(names.get(i));
        }
        List<Parameters> references = new ArrayList<>();
        for (int k = 0; k < p.references(); k++) {
            Map<String, Tensor> theirs = new LinkedHashMap<>();
            names.forEach(
                    name -> theirs.put(name, device.move(torch.randn(org.gradmimic.Tensors.sizes(live.get(name))))));
            references.add(Parameters.of(theirs));
        }
        List<float[]> rows = new ArrayList<>();
        ReferenceCombination combination =
                p.references() == 1 ? ReferenceCombination.one(0) : ReferenceCombination.min();
        try (Parameters parameters = Parameters.of(live);
                RecordingLayers layers = TestDevice.on(
                        device,
                        () -> RecordingLayers.builder(parameters)
                                .mimic(mimic)
                                .references(references)
                                .training(false)
                                .build());
                ScoreTable table = new ScoreTable(device, 2 * ROWS, (e, s, ids, score, weight, loss, n) -> {
                    for (int i = 0; i < n; i++) rows.add(new float[] {s, ids[i], score[i], weight[i], loss[i]});
                })) {
            if (towers != null) layers.contrastive(p.contrastive());
            try (MimicSteps steps = MimicSteps.builder(layers)
                    .weighting(p.weighting())
                    .calibration(p.calibration())
                    .combination(combination)
                    .table(table)
                    .build()) {
                Tensor ids = device.move(torch.arange(new Scalar(ROWS)).to(ScalarType.Long));
                List<Long> nonFinite = null;
                long waits = 0;
                long allocations = 0;
                for (int s = 0; s < 2; s++) {
                    try (PointerScope ofStep = new PointerScope()) {
                        waits = waits();
                        allocations = DeviceCounters.allocations();
                        if (s == 1) begin.run();
                        MimicStep step;
                        try {
                            step = towers == null
                                    ? steps.step(losses.apply(layers), ids)
                                    : steps.step(towers.batch(layers), ids);
                            step.backward(0.25);
                        } finally {
                            if (s == 1) end.run();
                        }
                        waits = waits() - waits;
                        allocations = DeviceCounters.allocations() - allocations;
                        nonFinite = step.nonFiniteIds();
                    }
                }
                table.drain();
                Map<String, float[]> gradients = new LinkedHashMap<>();
                for (String name : names) {
                    Tensor gradient = live.get(name).grad();
                    gradients.put(
                            name,
                            gradient.defined()
                                    ? Host.floats(gradient)
                                    : new float[(int) live.get(name).numel()]);
                }
                return new Outcome(rows, gradients, nonFinite, waits, allocations);
            }
        } finally {
            references.forEach(Parameters::close);
        }
    }

    /**
     * The same numbers.
     *
     * @param scores tolerance of scores, weights and losses, relative to 1 and to the number
     * @param gradients tolerance of gradients, relative to the parameter's largest
     */
    static void assertSame(Outcome actual, Outcome expected, double scores, double gradients, Problem p) {
        assertThat(actual.nonFinite()).as("%s", p).isEqualTo(expected.nonFinite());
        assertThat(actual.table()).as("%s", p).hasSameSizeAs(expected.table());
        for (int i = 0; i < actual.table().size(); i++) {
            for (int c = 0; c < 5; c++) {
                // Of a step that is skipped the CPU has no scores.
                if (p.damaged() && c == 2) continue;
                float found = actual.table().get(i)[c];
                float wanted = expected.table().get(i)[c];
                boolean same = Float.isNaN(wanted)
                        ? Float.isNaN(found)
                        : Math.abs((double) found - wanted) <= scores * Math.max(1, Math.abs(wanted));
                assertThat(same)
                        .as("%s row %d [%d]: %s, expected %s", p, i, c, found, wanted)
                        .isTrue();
            }
        }
        expected.gradients().forEach((name, wanted) -> {
            float[] found = actual.gradients().get(name);
            double largest = 0;
            for (float x : wanted) largest = Math.max(largest, Math.abs(x));
            for (int i = 0; i < wanted.length; i++) {
                assertThat(Math.abs((double) found[i] - wanted[i]) <= gradients * largest)
                        .as("%s gradient of %s [%d]: %s, expected %s", p, name, i, found[i], wanted[i])
                        .isTrue();
            }
        });
    }

    /** Problems of every kind of model, calibration and loss. */
    static List<Problem> problems() {
        List<Problem> problems = new ArrayList<>();
        for (Calibration calibration : Calibration.values()) {
            for (SmallModels model : SmallModels.values()) {
                for (int mimic : new int[] {1, 4, 100}) {
                    problems.add(Problem.of(model, mimic, calibration, Weighting.normedProj(0.3)));
                }
                problems.add(Problem.of(model, 3, calibration, Weighting.normedCos(0.3)));
                problems.add(Problem.of(model, 3, calibration, Weighting.opt(0)));
                problems.add(Problem.of(model, 3, calibration, Weighting.uniform()));
                problems.add(Problem.of(model, 2, calibration, Weighting.normedProj(1))
                        .withReferences(3));
                if (model != SmallModels.TEXT) { // ids have no NaN
                    problems.add(Problem.of(model, 2, calibration, Weighting.normedCos(1))
                            .invalidFeatures());
                }
            }
            for (ContrastiveBatch.Kind kind : ContrastiveBatch.Kind.values()) {
                Problem exact = Problem.of(kind, ContrastiveScore.EXACT, 6, calibration);
                problems.add(exact);
                problems.add(exact.withReferences(2));
                problems.add(exact.invalidFeatures());
                problems.add(Problem.of(kind, ContrastiveScore.PATH, 6, calibration));
            }
        }
        return problems;
    }
}
