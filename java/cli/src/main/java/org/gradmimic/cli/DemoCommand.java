package org.gradmimic.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.demo.Demo;
import org.gradmimic.demo.DemoListener;
import org.gradmimic.demo.DemoResult;
import org.gradmimic.demo.DemoSettings;
import org.gradmimic.demo.DemoStage;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.train.EpochMetrics;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows the whole method on one data set. */
@Command(
        name = "demo",
        sortOptions = false,
        modelTransformer = DemoOptions.class,
        description =
                "Shows the whole method: trains a backbone on a clean part of the images, embeds the others, corrupts"
                        + " their labels, trains a reference head on the clean part and the same head on the corrupted labels,"
                        + " plainly and with Grad-Mimic, and finds the corrupted labels from the logged weights.")
final class DemoCommand implements Callable<Integer> {
    private static final String METRICS = "metrics.json";
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private ImageOptions imageOptions;

    @Mixin
    private RunOptions runOptions;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--out",
            order = 100,
            paramLabel = "DIR",
            description = "Output folder; new or empty (default: runs/demo- and the time).")
    private @Nullable Path out;

    @Override
    public Integer call() {
        if (runOptions.resume() && out == null) {
            throw new InputException("--resume needs --out, the folder of the interrupted demo");
        }
        SettingValues values = SettingOptions.values(spec, DemoSettings.GROUP);
        common.applyThreads();
        ImageDataset dataset = imageOptions.open(values.get(DemoSettings.DATA), common);
        DemoSettings settings = DemoSettings.of(dataset, values);
        Path folder = out != null
                ? out
                : Path.of(
                        "runs",
                        "demo-" + LocalDateTime.now(ZoneId.systemDefault()).format(STAMP));
        Device device = deviceOption.choose(common);
        Demo demo = new Demo(device, dataset, settings, folder, new Watcher(common));
        RunRecord record = new RunRecord("demo").settings(settings.values()).value("device", device.toString());
        try (RunFolder run = runOptions.begin(folder, record, outputs())) {
            if (run.resumed()) common.note(folder + ": continues where it was interrupted");
            Interruption.kept(() -> folder + ": the files of the finished stages, and the score log up to its last"
                    + " finished epoch; --resume --out " + folder + " continues after them");
            DemoResult result = demo.run().orElseThrow();
            DemoMetrics.write(folder.resolve(METRICS), record, result);
            run.finish();
            demo.forget();
            imageOptions.noteWarnings(common);
            report(result, folder);
        }
        return 0;
    }

    private static Set<String> outputs() {
        Set<String> names = new HashSet<>(Demo.outputs());
        names.add(METRICS);
        return names;
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
        boolean drawn = Files.exists(folder.resolve(Demo.CHART));
        print.println(folder + ": score log, keep.npy, metrics.json" + (drawn ? ", chart.png" : ""));
        if (!drawn) common.note("chart.png was not drawn: Java finds no font on this machine");
        print.println("gradmimic report " + folder + " --out report.html makes a page of it");
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
