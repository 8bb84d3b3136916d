package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Calibration;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Device;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.train.EpochMetrics;
import org.gradmimic.train.Mode;
import org.gradmimic.train.NpyTensors;
import org.gradmimic.train.OptimizerSettings;
import org.gradmimic.train.Probe;
import org.gradmimic.train.ProbeCheckpoint;
import org.gradmimic.train.ProbeData;
import org.gradmimic.train.ProbeListener;
import org.gradmimic.train.ProbeRecorder;
import org.gradmimic.train.ProbeResult;
import org.gradmimic.train.ProbeSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a linear head on frozen features. */
@Command(
        name = "probe",
        sortOptions = false,
        description =
                "Trains a linear head on frozen features, with samples weighted according to --mode. Writes the head,"
                        + " the score and weight of every sample in every epoch, metrics.json and the score log.")
final class ProbeCommand implements Callable<Integer> {
    private static final String CHECKPOINT = ".checkpoint";

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Option(names = "--features", required = true, paramLabel = "F.npy", description = "Features [N,D], float.")
    private Path features;

    @Option(names = "--labels", required = true, paramLabel = "y.npy", description = "Labels [N], possibly noisy.")
    private Path labels;

    @Option(
            names = "--mode",
            required = true,
            paramLabel = "MODE",
            description = "How samples are weighted: ${COMPLETION-CANDIDATES}.")
    private Mode mode;

    @Option(
            names = "--reference-weight",
            paramLabel = "R.npy",
            description = "Weight of the reference head [C,D]; needed by mimic and rho.")
    private @Nullable Path referenceWeight;

    @Option(names = "--reference-bias", paramLabel = "rb.npy", description = "Bias of the reference head [C], for rho.")
    private @Nullable Path referenceBias;

    @Option(names = "--init-weight", paramLabel = "W0.npy", description = "Initial weight [C,D] (default: torch's).")
    private @Nullable Path initialWeight;

    @Option(names = "--init-bias", paramLabel = "b0.npy", description = "Initial bias [C] (default: torch's).")
    private @Nullable Path initialBias;

    @Option(
            names = "--true-labels",
            paramLabel = "t.npy",
            description = "True labels [N], to measure the accuracy on them.")
    private @Nullable Path trueLabels;

    @Option(names = "--test-features", paramLabel = "X.npy", description = "Test features [M,D].")
    private @Nullable Path testFeatures;

    @Option(names = "--test-labels", paramLabel = "Y.npy", description = "Test labels [M].")
    private @Nullable Path testLabels;

    @Option(
            names = "--score",
            paramLabel = "KIND",
            defaultValue = "normed_proj",
            description = "From what mimic computes weights: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Weighting.Kind score;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "1",
            description = "Temperature of the softmax (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--lambda",
            paramLabel = "L",
            defaultValue = "0",
            description = "Penalty of opt and grad-match (default: ${DEFAULT-VALUE}).")
    private double lambda;

    @Option(names = "--rho-attached", description = "Differentiate through rho's weights.")
    private boolean rhoAttached;

    @Option(
            names = "--calibrate",
            paramLabel = "WHAT",
            defaultValue = "layer",
            description =
                    "layer: sample weights apply to the head's weight; all: also to its bias (default: ${DEFAULT-VALUE}).")
    private Calibration calibrate;

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            defaultValue = "adamw",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private OptimizerSettings.Kind optimizer;

    @Option(
            names = "--lr",
            paramLabel = "X",
            defaultValue = "1e-4",
            description = "Learning rate (default: ${DEFAULT-VALUE}).")
    private double learningRate;

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            defaultValue = "1e-5",
            description = "Default: ${DEFAULT-VALUE}.")
    private double weightDecay;

    @Option(
            names = "--momentum",
            paramLabel = "X",
            defaultValue = "0.9",
            description = "Momentum of sgd (default: ${DEFAULT-VALUE}).")
    private double momentum;

    @Option(names = "--batch-size", paramLabel = "B", defaultValue = "32", description = "Default: ${DEFAULT-VALUE}.")
    private int batchSize;

    @Option(names = "--epochs", paramLabel = "E", defaultValue = "5", description = "Default: ${DEFAULT-VALUE}.")
    private int epochs;

    @Option(names = "--order", paramLabel = "order.npy", description = "Sample order [E,N] (default: from the seed).")
    private @Nullable Path order;

    @Option(
            names = "--agra-comparison",
            paramLabel = "c.npy",
            description = "agra's comparison batches [E,steps,B] (default: from the seed).")
    private @Nullable Path agraComparison;

    @Option(names = "--clean-features", paramLabel = "g.npy", description = "Clean features [K,D], for influence.")
    private @Nullable Path cleanFeatures;

    @Option(names = "--clean-labels", paramLabel = "gy.npy", description = "Clean labels [K], for influence.")
    private @Nullable Path cleanLabels;

    @Option(
            names = "--starting-epoch",
            paramLabel = "k",
            defaultValue = "0",
            description = "Train plainly before epoch k, counted from 0 (default: ${DEFAULT-VALUE}).")
    private int startingEpoch;

    @Option(names = "--seed", paramLabel = "s", defaultValue = "0", description = "Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Output folder; new or empty.")
    private Path out;

    @Option(
            names = "--resume",
            description =
                    "Continue an interrupted run in --out after its last finished epoch; it must have had the same"
                            + " settings. If there is none, start one.")
    private boolean resume;

    @Override
    public Integer call() {
        common.applyThreads();
        try (PointerScope scope = new PointerScope()) {
            ProbeData data = data();
            ProbeSettings settings = settings(data);
            Probe.check(data, settings);
            Device device = deviceOption.choose(common);
            boolean resumed = RunFolder.begin(out, describe(settings, device), resume);
            run(device, data, settings, resumed);
        }
        return 0;
    }

    private ProbeData data() {
        return new ProbeData(
                NpyTensors.floats(features),
                NpyTensors.longs(labels),
                floats(referenceWeight),
                floats(referenceBias),
                floats(initialWeight),
                floats(initialBias),
                longs(trueLabels),
                floats(testFeatures),
                longs(testLabels),
                floats(cleanFeatures),
                longs(cleanLabels));
    }

    private static @Nullable Tensor floats(@Nullable Path path) {
        return path == null ? null : NpyTensors.floats(path);
    }

    private static @Nullable Tensor longs(@Nullable Path path) {
        return path == null ? null : NpyTensors.longs(path);
    }

    private ProbeSettings settings(ProbeData data) {
        try {
            return new ProbeSettings(
                    mode,
                    score,
                    temperature,
                    lambda,
                    rhoAttached,
                    calibrate,
                    new OptimizerSettings(optimizer, learningRate, weightDecay, momentum),
                    classes(data),
                    batchSize,
                    epochs,
                    startingEpoch,
                    seed,
                    order == null ? null : NpyTensors.longMatrix(order),
                    agraComparison == null ? null : NpyTensors.longCube(agraComparison));
        } catch (InvalidArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    /** The number of classes: from a head if one is given, otherwise from the labels. */
    private static int classes(ProbeData data) {
        for (Tensor head : new Tensor[] {data.referenceWeight(), data.initialWeight()}) {
            if (head != null && head.dim() == 2) return Math.toIntExact(head.size(0));
        }
        if (data.labels().numel() == 0) throw new InputException("labels is empty");
        long largest = data.labels().max().item_long();
        if (largest >= Integer.MAX_VALUE) {
            throw new InputException("labels has the class " + largest + "; classes are numbered from 0");
        }
        // If there is no class from 0 on, this is one class, and every label is then rejected.
        return (int) Math.max(1, 1 + largest);
    }

    /** Everything that the result depends on, by the names of the options. */
    private Map<String, String> describe(ProbeSettings settings, Device device) {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("--mode", mode.toString());
        names.put("--score", score.toString());
        names.put("--temperature", Double.toString(temperature));
        names.put("--lambda", Double.toString(lambda));
        names.put("--rho-attached", Boolean.toString(rhoAttached));
        names.put("--calibrate", calibrate.toString());
        names.put("--optimizer", optimizer.toString());
        names.put("--lr", Double.toString(learningRate));
        names.put("--weight-decay", Double.toString(weightDecay));
        names.put("--momentum", Double.toString(momentum));
        names.put("--batch-size", Integer.toString(batchSize));
        names.put("--epochs", Integer.toString(epochs));
        names.put("--starting-epoch", Integer.toString(startingEpoch));
        names.put("--seed", Long.toString(settings.seed()));
        names.put("--device", device.toString());
        Map<String, @Nullable Path> files = new LinkedHashMap<>();
        files.put("--features", features);
        files.put("--labels", labels);
        files.put("--reference-weight", referenceWeight);
        files.put("--reference-bias", referenceBias);
        files.put("--init-weight", initialWeight);
        files.put("--init-bias", initialBias);
        files.put("--true-labels", trueLabels);
        files.put("--test-features", testFeatures);
        files.put("--test-labels", testLabels);
        files.put("--order", order);
        files.put("--agra-comparison", agraComparison);
        files.put("--clean-features", cleanFeatures);
        files.put("--clean-labels", cleanLabels);
        files.forEach((name, file) -> {
            if (file != null) names.put(name, FileMark.of(file));
        });
        return names;
    }

    private void run(Device device, ProbeData data, ProbeSettings settings, boolean resumed) {
        int samples = Math.toIntExact(data.features().size(0));
        Table table = new Table("epoch", "loss", "noisy", "true", "test", "seconds");
        ProbeCheckpoint checkpoint = new ProbeCheckpoint(out.resolve(CHECKPOINT));
        int finished = checkpoint.finishedEpochs();
        if (resumed) common.note(out + ": " + finished + " of " + epochs + " epochs are already finished");
        Interruption.kept(() -> out + ": the score log up to the last finished epoch; --resume continues after it");
        ProbeResult result;
        long steps = (samples + batchSize - 1L) / batchSize;
        try (Progress progress = common.progress(mode.toString(), "steps", steps * (epochs - finished));
                ProbeRecorder recorder = recorder(samples, new Watcher(progress), resumed, finished)) {
            result = new Probe(device, data, settings, recorder).run(checkpoint);
            recorder.commit();
        }
        NpyWriter.write(
                out.resolve("final_weight.npy"),
                result.weight(),
                settings.classes(),
                data.features().size(1));
        NpyWriter.write(out.resolve("final_bias.npy"), result.bias(), settings.classes());
        ProbeMetrics.write(out.resolve("metrics.json"), settings, result);
        RunFolder.finish(out);
        checkpoint.delete();
        result.epochs().forEach(m -> add(table, m));
        table.print(common.out());
        warnNonFinite(result.epochs());
        common.out().println(out);
    }

    private ProbeRecorder recorder(int samples, Watcher watcher, boolean resumed, int finished) {
        return resumed
                ? ProbeRecorder.resume(out, epochs, samples, watcher, finished)
                : new ProbeRecorder(out, epochs, samples, watcher);
    }

    private static void add(Table table, EpochMetrics m) {
        table.add(
                m.epoch(),
                m.meanLoss(),
                ratio(m.noisyAccuracy()),
                ratio(m.trueAccuracy()),
                ratio(m.testAccuracy()),
                m.seconds());
    }

    private static String ratio(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }

    private void warnNonFinite(List<EpochMetrics> metrics) {
        List<Long> ids = metrics.stream()
                .flatMap(e -> e.nonFinite().stream())
                .distinct()
                .sorted()
                .toList();
        if (ids.isEmpty()) return;
        common.note(ids.size() + (ids.size() == 1 ? " sample has" : " samples have")
                + " no finite loss or score and got weight 0: " + ids.subList(0, Math.min(10, ids.size()))
                + (ids.size() > 10 ? " and others" : ""));
    }

    /** Displays progress. */
    private record Watcher(Progress progress) implements ProbeListener {
        @Override
        public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}

        @Override
        public void stepped(long steps, long totalSteps) {
            progress.step(1);
        }

        @Override
        public void epochFinished(EpochMetrics m) {
            progress.say(String.format(Locale.ROOT, "loss %.4f", m.meanLoss()));
        }
    }
}
