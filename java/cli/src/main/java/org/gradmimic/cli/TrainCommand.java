package org.gradmimic.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.device.Device;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Json;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.model.HeadMismatchException;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.WeightsOptions;
import org.gradmimic.trainer.EpochReport;
import org.gradmimic.trainer.TrainData;
import org.gradmimic.trainer.TrainFolder;
import org.gradmimic.trainer.TrainListener;
import org.gradmimic.trainer.TrainMode;
import org.gradmimic.trainer.TrainResult;
import org.gradmimic.trainer.TrainSettings;
import org.gradmimic.trainer.TrainSources;
import org.gradmimic.trainer.Trainer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a whole model on images. */
@Command(
        name = "train",
        sortOptions = false,
        modelTransformer = TrainOptions.class,
        description =
                "Trains a ViT or ResNet on labelled images, plainly or with samples weighted by Grad-Mimic. Writes the"
                        + " last and the best weights, the score log and the metrics of every epoch.",
        footer = {
            "",
            "Ctrl-C and SIGTERM end the run after the current step, with a checkpoint; --resume continues it. So it does"
                    + " after a crash, from the last checkpoint."
        })
final class TrainCommand implements Callable<Integer> {
    private static final String METRICS = "metrics.json";

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private RunOptions runOptions;

    @Mixin
    private ImageOptions imageOptions;

    @Option(
            names = "--weights",
            paramLabel = "M",
            description =
                    "Weights to begin with: .safetensors, or a state dict saved by torch. If they have another number"
                            + " of classes, the head is initialised at random. Without them, all weights are.")
    private @Nullable Path weights;

    @Option(
            names = "--reference",
            paramLabel = "R",
            description =
                    "Weights of the reference, for mode mimic: a file as for --weights, such as best.safetensors of"
                            + " another run.")
    private @Nullable Path reference;

    @Option(
            names = "--out",
            required = true,
            order = 100,
            paramLabel = "DIR",
            description = "Output folder; new or empty.")
    private Path out;

    @Override
    public Integer call() {
        SettingValues sources = SettingOptions.values(spec, TrainSources.GROUP);
        TrainSettings settings = TrainSettings.of(SettingOptions.values(spec, TrainSettings.GROUP));
        if (settings.mode() == TrainMode.MIMIC && reference == null) {
            throw new SettingException(
                    SettingText.of("mode mimic needs ").setting("reference").text(", which is missing"));
        }
        common.applyThreads();
        ImageDataset dataset = imageOptions.open(sources.get(TrainSources.DATA), common);
        TrainData data = TrainSources.data(sources, dataset);
        Device device = deviceOption.choose(common);
        try (ImageClassifier model = TrainSources.model(sources, dataset)) {
            RunRecord record = record(sources, settings, data, device);
            try (ModelWeights initial = initial(model, settings);
                    ModelWeights other = reference(model);
                    RunFolder folder = runOptions.begin(out, record, outputs())) {
                sources.ignored().forEach(this::note);
                settings.values().ignored().forEach(this::note);
                return train(new Run(model, initial, other, data, settings, record, folder, device));
            }
        }
    }

    private void note(SettingText remark) {
        common.note("note: " + SettingOptions.message(remark));
    }

    /** Everything that one run is made of. */
    private record Run(
            ImageClassifier model,
            ModelWeights initial,
            @Nullable ModelWeights reference,
            TrainData data,
            TrainSettings settings,
            RunRecord record,
            RunFolder folder,
            Device device) {}

    private ModelWeights initial(ImageClassifier model, TrainSettings settings) {
        if (weights == null) return ModelWeights.random(model, settings.seed());
        ModelWeights read = ModelWeights.read(model, weights, WeightsOptions.NONE.withNewHead(settings.seed()));
        read.notes().forEach(note -> common.note(weights + " " + note));
        if (!read.reinitialised().isEmpty()) {
            common.note(weights + " has another number of classes: the head is initialised at random");
        }
        return read;
    }

    private @Nullable ModelWeights reference(ImageClassifier model) {
        if (reference == null) return null;
        ModelWeights read;
        try {
            read = ModelWeights.read(model, reference);
        } catch (HeadMismatchException e) {
            read = ModelWeights.read(model, reference, WeightsOptions.NONE.withNewHead(0));
        }
        read.notes().forEach(note -> common.note(reference + " " + note));
        return read;
    }

    private RunRecord record(SettingValues sources, TrainSettings settings, TrainData data, Device device) {
        RunRecord record = new RunRecord("train")
                .settings(sources)
                .settings(settings.values())
                .value("samples", mark(data))
                .value("device", device.toString());
        Path config = Path.of(sources.get(TrainSources.MODEL_CONFIG));
        if (Files.isRegularFile(config)) record.input("model-config-file", config);
        if (weights != null) record.input("weights", weights);
        if (reference != null) record.input("reference", reference);
        return record;
    }

    /** The names and labels of the samples, so that a resumed run notices that they are others. */
    private static String mark(TrainData data) {
        CRC32C checksum = new CRC32C();
        for (int id = 0; id < data.samples(); id++) {
            String line = data.dataset().sampleName(data.split(), id) + "\n" + data.labels()[id] + "\n";
            checksum.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return String.format(Locale.ROOT, "%d, checksum %08x", data.samples(), checksum.getValue());
    }

    private static Set<String> outputs() {
        Set<String> names = new HashSet<>(TrainFolder.outputs());
        names.add(METRICS);
        return names;
    }

    private int train(Run run) {
        TrainFolder folder = new TrainFolder(out);
        if (run.folder().resumed()) {
            common.note(out + (folder.hasCheckpoint() ? ": continues from its checkpoint" : ": has no checkpoint yet"));
        }
        TrainResult result;
        try (Signals signals = Signals.catching()) {
            result = train(run, folder, signals);
            if (result.stopped()) {
                common.note("interrupted; " + out + " has a checkpoint, and the same command with --resume continues");
                return signals.exitCode();
            }
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("settings", run.record().settings());
        json.put("inputs", run.record().inputs());
        json.put("epochs", result.epochs().stream().map(EpochReport::json).toList());
        if (result.bestEpoch() >= 0) json.put("best_epoch", result.bestEpoch());
        AtomicFile.write(out.resolve(METRICS), Json.pretty(json));
        run.folder().finish();
        folder.deleteCheckpoint();
        report(result);
        return 0;
    }

    private TrainResult train(Run run, TrainFolder folder, Signals signals) {
        TrainSettings settings = run.settings();
        long steps = (run.data().samples() + settings.batchSize() - 1L) / settings.batchSize();
        try (Progress progress = common.progress(settings.mode().toString(), "steps", steps * settings.epochs())) {
            Trainer.Builder builder = Trainer.builder(run.model(), run.initial(), run.data(), settings)
                    .device(run.device())
                    .folder(folder)
                    .listener(new Watcher(progress, signals));
            if (run.reference() != null) builder.reference(run.reference());
            try (PointerScope scope = new PointerScope();
                    Trainer trainer = builder.build()) {
                return trainer.run();
            }
        }
    }

    private void report(TrainResult result) {
        Table table = new Table(
                "epoch",
                "lr",
                "loss",
                "train",
                "top-1",
                "top-5",
                "down-weighted",
                "negative",
                "images/s",
                "waited",
                "seconds");
        for (EpochReport e : result.epochs()) {
            table.add(
                    e.epoch(),
                    e.learningRate(),
                    e.loss(),
                    ratio(e.trainAccuracy()),
                    ratio(e.top1()),
                    ratio(e.top5()),
                    ratio(e.downWeighted()),
                    ratio(e.negativeScores()),
                    e.rate(),
                    ratio(e.waited()),
                    e.seconds());
        }
        table.print(common.out());
        imageOptions.noteWarnings(common);
        List<EpochReport> epochs = result.epochs();
        int skipped = epochs.get(epochs.size() - 1).skipped();
        if (skipped > 0) common.note(skipped + (skipped == 1 ? " image" : " images") + " could not be decoded");
        common.out().println(out);
    }

    private static String ratio(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }

    /** Displays progress, and passes a signal on. */
    private final class Watcher implements TrainListener {
        private final Progress progress;
        private final Signals signals;
        private final long begin = System.nanoTime();
        private long before = -1;
        private long first;

        Watcher(Progress progress, Signals signals) {
            this.progress = progress;
            this.signals = signals;
        }

        @Override
        public void stepped(long steps, long totalSteps) {
            if (before < 0) first = steps - 1;
            progress.step(before < 0 ? steps : steps - before);
            before = steps;
            left = totalSteps - steps;
        }

        private long left;

        @Override
        public void epochFinished(EpochReport e) {
            double each = (System.nanoTime() - begin) * 1e-9 / Math.max(1, before - first);
            String line = String.format(
                    Locale.ROOT,
                    "epoch %d: loss %.4f, top-1 %s, %.0f images/s, waited %.1f %%, %s left",
                    e.epoch(),
                    e.loss(),
                    ratio(e.top1()),
                    e.rate(),
                    100 * e.waited(),
                    duration(each * left));
            progress.say(String.format(Locale.ROOT, "loss %.4f", e.loss()));
            common.note(line);
            if (e.overtaken()) {
                common.note(String.format(
                        Locale.ROOT,
                        "warning: the model has overtaken its reference: the direction toward it has turned around (cosine"
                                + " %.2f), and %.0f %% of the scores are negative; --reference-scale 8 puts the reference"
                                + " ahead again",
                        e.directionCosine(),
                        100 * e.negativeScores()));
            }
        }

        @Override
        public boolean stopRequested() {
            return signals.received();
        }
    }

    private static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60
                ? whole + " s"
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
