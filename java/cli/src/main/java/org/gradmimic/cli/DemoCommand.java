package org.gradmimic.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.demo.Demo;
import org.gradmimic.demo.DemoResult;
import org.gradmimic.demo.DemoSettings;
import org.gradmimic.select.Detection;
import org.gradmimic.select.InputException;
import org.gradmimic.train.EpochMetrics;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The whole idea in one run. */
@Command(
        name = "demo",
        sortOptions = false,
        description = "Shows the whole idea on pictures: trains a small backbone and a reference head on a clean fifth,"
                + " corrupts labels of the rest, trains a head on them plainly and with Grad-Mimic, and finds the"
                + " corrupted labels from the logged weights.",
        footer = {"", "Without --data it draws its own pictures: nothing to download."})
final class DemoCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(
            names = "--data",
            paramLabel = "SPEC",
            defaultValue = "drawn:",
            description = "Pictures: images:DIR_OR_TAR, cifar10:DIR, cifar100:DIR, idx:DIR or drawn:"
                    + " (default: ${DEFAULT-VALUE}).")
    private String data;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Output folder; new or empty (default: runs/demo-DATE-TIME).")
    private @Nullable Path out;

    @Option(names = "--noise", paramLabel = "SHARE", description = "Labels to corrupt, 0 to 1 (default: 0.4).")
    private @Nullable Double noise;

    @Option(names = "--temperature", paramLabel = "T", description = "Temperature of the softmax (default: 0.25).")
    private @Nullable Double temperature;

    @Option(names = "--epochs", paramLabel = "E", description = "Epochs of the heads (default: 8).")
    private @Nullable Integer epochs;

    @Option(names = "--backbone-epochs", paramLabel = "E", description = "Epochs of the backbone (default: 8).")
    private @Nullable Integer backboneEpochs;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of everything that is drawn at random (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Override
    public Integer call() {
        common.applyThreads();
        ImageDataset dataset = Datasets.openImages(data);
        DemoSettings settings = settings(dataset);
        Path folder = out == null ? Path.of("runs", "demo-" + now()) : out;
        DemoProgress progress = new DemoProgress(common);
        Demo demo = new Demo(dataset, settings, folder, progress);
        RunFolder.create(folder);
        Interruption.kept(() -> folder + ": what the finished stages wrote, and the score log up to its last epoch");
        Optional<DemoResult> result = demo.run();
        if (result.isEmpty()) throw new IllegalStateException("the demo was stopped, though nobody asked for it");
        DemoMetrics.write(folder.resolve("metrics.json"), result.get());
        print(result.get(), folder);
        return 0;
    }

    private DemoSettings settings(ImageDataset dataset) {
        try {
            DemoSettings settings = DemoSettings.standard(dataset).withSeed(seed);
            if (noise != null) settings = settings.withNoise(noise);
            if (temperature != null) settings = settings.withTemperature(temperature);
            if (epochs != null) settings = settings.withEpochs(epochs);
            if (backboneEpochs != null) settings = settings.withBackboneEpochs(backboneEpochs);
            return settings;
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private static String now() {
        return LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT));
    }

    private void print(DemoResult result, Path folder) {
        PrintWriter out = common.out();
        out.println(text(
                "%s: %,d clean pictures; %,d with %s of the labels corrupted; %,d to test on; %d classes",
                result.data(),
                result.cleanSamples(),
                result.noisySamples(),
                percent(result.settings().noise()),
                result.testSamples(),
                result.classes()));
        out.println();
        double plain = DemoResult.finalAccuracy(result.plain());
        double mimic = DemoResult.finalAccuracy(result.mimic());
        Table heads = new Table("head", "labels", "test accuracy");
        heads.add("reference", "clean", accuracy(result.reference()));
        heads.add("plain training", "corrupted", accuracy(result.plain()));
        heads.add("Grad-Mimic", "corrupted", accuracy(result.mimic()));
        heads.print(out);
        out.println(text("Grad-Mimic against plain training: %+.1f points", 100 * (mimic - plain)));
        out.println();
        Detection found = result.detection();
        Table detection = new Table("corrupted labels found", "");
        detection.add("precision", percent(found.precision()));
        detection.add("recall", percent(found.recall()));
        detection.add("F1", text("%.3f", found.f1()));
        detection.add("pictures kept", percent(found.keptShare()));
        detection.print(out);
        out.println();
        Table stages = new Table("stage", "seconds");
        double total = 0;
        for (var stage : result.seconds().entrySet()) {
            stages.add(stage.getKey().toString(), text("%.1f", stage.getValue()));
            total += stage.getValue();
        }
        stages.add("all", text("%.1f", total));
        stages.print(out);
        out.println();
        out.println(folder + ": score log (scores/), filter (" + Demo.KEEP + "), metrics.json, " + Demo.CHART);
    }

    private static String accuracy(List<EpochMetrics> epochs) {
        return percent(DemoResult.finalAccuracy(epochs));
    }

    private static String percent(double share) {
        return text("%.1f %%", 100 * share);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
