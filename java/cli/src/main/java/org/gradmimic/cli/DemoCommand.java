package org.gradmimic.cli;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.demo.Demo;
import org.gradmimic.demo.DemoListener;
import org.gradmimic.demo.DemoResult;
import org.gradmimic.demo.DemoSettings;
import org.gradmimic.demo.DemoStage;
import org.gradmimic.device.Device;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.train.EpochMetrics;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows the whole method on one data set. */
@Command(
        name = "demo",
        sortOptions = false,
        description =
                "Shows the whole method: trains a backbone on a clean part of the images, embeds the others, corrupts"
                        + " their labels, trains a reference head on the clean part and the same head on the corrupted labels,"
                        + " plainly and with Grad-Mimic, and finds the corrupted labels from the logged weights.")
final class DemoCommand implements Callable<Integer> {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private ImageOptions imageOptions;

    @Option(
            names = "--data",
            paramLabel = "SPEC",
            defaultValue = "drawn:",
            description = "Images: " + Datasets.SYNTAX + " (default: letters and digits that the demo draws).")
    private String data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Output folder; new or empty (default: runs/demo- and the time).")
    private @Nullable Path out;

    @Option(names = "--noise", paramLabel = "SHARE", description = "Share of corrupted labels (default: 0.4).")
    private @Nullable Double noise;

    @Option(names = "--epochs", paramLabel = "E", description = "Epochs of the heads (default: 8).")
    private @Nullable Integer epochs;

    @Option(names = "--backbone-epochs", paramLabel = "E", description = "Epochs of the backbone (default: 8).")
    private @Nullable Integer backboneEpochs;

    @Option(names = "--lr", paramLabel = "X", description = "Learning rate of the heads (default: 1e-3).")
    private @Nullable Double learningRate;

    @Option(names = "--temperature", paramLabel = "T", description = "Temperature of Grad-Mimic (default: 0.25).")
    private @Nullable Double temperature;

    @Option(
            names = "--seed",
            paramLabel = "s",
            description = "Seed of the split, noise, initial weights and sample order (default: 1).")
    private @Nullable Long seed;

    @Option(
            names = "--resume",
            description =
                    "Continue an interrupted demo in --out after its last finished stage; it must have had the same"
                            + " settings. If there is none, start one.")
    private boolean resume;

    @Override
    public Integer call() {
        if (resume && out == null) throw new InputException("--resume needs --out, the folder of the interrupted demo");
        common.applyThreads();
        ImageDataset dataset = imageOptions.open(data, common);
        DemoSettings settings = settings(DemoSettings.standard(dataset));
        Path folder = out != null
                ? out
                : Path.of(
                        "runs",
                        "demo-" + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP));
        Device device = deviceOption.choose(common);
        Demo demo = new Demo(device, dataset, settings, folder, new Watcher(common));
        if (RunFolder.begin(folder, describe(settings, device), resume))
            common.note(folder + ": continues where it was interrupted");
        Interruption.kept(() -> folder
                + ": the files of the finished stages, and the score log up to its last finished epoch; --resume --out "
                + folder + " continues after them");
        DemoResult result = demo.run().orElseThrow();
        DemoMetrics.write(folder.resolve("metrics.json"), result);
        RunFolder.finish(folder);
        demo.forget();
        imageOptions.noteWarnings(common);
        report(result, folder);
        return 0;
    }

    /** Everything that the result depends on, by the names of the options. */
    private Map<String, String> describe(DemoSettings settings, Device device) {
        Map<String, String> names = new LinkedHashMap<>();
        names.put("--data", data);
        names.put("--noise", Double.toString(settings.noise()));
        names.put("--epochs", Integer.toString(settings.epochs()));
        names.put("--backbone-epochs", Integer.toString(settings.backboneEpochs()));
        names.put("--lr", Double.toString(settings.learningRate()));
        names.put("--temperature", Double.toString(settings.temperature()));
        names.put("--seed", Long.toString(settings.seed()));
        names.put("--device", device.toString());
        return names;
    }

    private DemoSettings settings(DemoSettings standard) {
        try {
            DemoSettings s = standard;
            if (noise != null) s = s.withNoise(noise);
            if (epochs != null) s = s.withEpochs(epochs);
            if (backboneEpochs != null) s = s.withBackboneEpochs(backboneEpochs);
            if (learningRate != null) s = s.withLearningRate(learningRate);
            if (temperature != null) s = s.withTemperature(temperature);
            if (seed != null) s = s.withSeed(seed);
            return s;
        } catch (InvalidArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private void report(DemoResult r, Path folder) {
        var print = common.out();
        print.println(r.data() + "  " + r.classes() + " classes, " + r.cleanSamples() + " clean samples, "
                + r.noisySamples() + " with " + percent(r.settings().noise()) + " corrupted labels, " + r.testSamples()
                + " for testing");
        print.println();
        new Table("head", "labels", "test accuracy")
                .add("reference", "clean", accuracy(r.reference()))
                .add("plain training", "corrupted", accuracy(r.plain()))
                .add("Grad-Mimic", "corrupted", accuracy(r.mimic()))
                .print(print);
        print.println();
        Detection d = r.detection();
        print.println("Corrupted labels found by the filter: precision " + percent(d.precision()) + ", recall "
                + percent(d.recall()) + ", F1 " + percent(d.f1()) + "; kept " + percent(d.keptShare()));
        print.println();
        Table times = new Table("stage", "seconds");
        r.seconds().forEach((stage, seconds) -> times.add(stage.toString(), decimal(seconds)));
        times.add(
                "all", decimal(r.seconds().values().stream().mapToDouble(x -> x).sum()));
        times.print(print);
        print.println();
        print.println(folder + ": score log, keep.npy, metrics.json, chart.png");
    }

    private static String accuracy(List<EpochMetrics> epochs) {
        return percent(DemoResult.finalAccuracy(epochs));
    }

    private static String percent(double ratio) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * ratio);
    }

    private static String decimal(double seconds) {
        return String.format(Locale.ROOT, "%.1f", seconds);
    }

    /** Displays one progress bar per stage. */
    private static final class Watcher implements DemoListener {
        private final CommonOptions common;
        private @Nullable Progress progress;
        private long before;

        Watcher(CommonOptions common) {
            this.common = common;
        }

        @Override
        public void started(DemoStage stage, long total) {
            before = 0;
            progress = common.progress(stage.toString(), stage.unit(), total);
        }

        @Override
        public void progressed(DemoStage stage, long done, long total) {
            if (progress != null) progress.step(done - before);
            before = done;
        }

        @Override
        public void finished(DemoStage stage, double seconds) {
            if (progress != null) progress.close();
            progress = null;
        }
    }
}
