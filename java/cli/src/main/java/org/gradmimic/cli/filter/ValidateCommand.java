package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.DeviceOption;
import org.gradmimic.cli.Progress;
import org.gradmimic.cli.SettingOptions;
import org.gradmimic.cli.Table;
import org.gradmimic.data.Dataset;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.FeatureDataset;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.uid.Uids;
import org.gradmimic.train.FilterValidation;
import org.gradmimic.train.FilterValidation.Pair;
import org.gradmimic.train.NpyTensors;
import org.gradmimic.train.ProbeData;
import org.gradmimic.train.ValidationSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a filter is worth. */
@Command(
        name = "validate",
        sortOptions = false,
        modelTransformer = ValidateCommand.Options.class,
        description =
                "Trains a linear head on the samples that a filter keeps and on random samples of the same number,"
                        + " and compares the accuracies on a test set.",
        footer = {"", "  gradmimic filter validate keep.npy --data npy:train --test npy:test --epochs 10"})
final class ValidateCommand implements Callable<Integer> {
    /** Adds an option for every setting. */
    static final class Options implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            SettingOptions.add(command, ValidationSettings.GROUP);
            return command;
        }
    }

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Spec
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "FILTER",
            description = "A filter, or a subset with repeats by sample number (.npy of integers).")
    private Path filter;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "SPEC",
            description = "Features and labels to train on: npy:DIR or npy:FEATURES,LABELS.")
    private String data;

    @Option(
            names = "--test",
            required = true,
            paramLabel = "SPEC",
            description = "Features and labels of the test set, in the same form.")
    private String test;

    @Option(
            names = "--uids",
            paramLabel = "POOL",
            description = "The uids of all samples in order, if the filter names samples by uid.")
    private @Nullable Path pool;

    @Override
    public Integer call() {
        SettingValues settings = SettingOptions.values(spec, ValidationSettings.GROUP);
        common.applyThreads();
        Device device = deviceOption.choose(common);
        try (PointerScope scope = new PointerScope();
                FeatureDataset train = features(data);
                FeatureDataset held = features(test)) {
            ProbeData arrays = ProbeData.builder()
                    .features(NpyTensors.floats(train.features().path()))
                    .labels(Tensors.of(train.labels(), train.labels().length))
                    .test(NpyTensors.floats(held.features().path()), Tensors.of(held.labels(), held.labels().length))
                    .build();
            FilterValidation validation = new FilterValidation(device, arrays, settings);
            Uids uids = openPool();
            long[] kept = uids == null
                    ? FilterFile.readNumbers(filter, arrays.samples())
                    : FilterFile.readNumbers(filter, uids);
            report(arrays.samples(), kept.length, run(validation, kept, settings.get(ValidationSettings.SEEDS)));
        }
        return 0;
    }

    private List<Pair> run(FilterValidation validation, long[] kept, int seeds) {
        try (Progress progress = common.progress("training", "heads", 2L * seeds)) {
            return validation.run(kept, () -> progress.step(1));
        }
    }

    private static FeatureDataset features(String spec) {
        Dataset dataset = Datasets.open(spec);
        if (dataset instanceof FeatureDataset features) return features;
        throw new InputException("data set '" + spec + "': holds images; expected features (npy:), which embed writes");
    }

    private void report(int samples, int kept, List<Pair> pairs) {
        Table table = new Table("seed", "filter", "random", "worth");
        pairs.forEach(pair -> table.add(pair.seed(), text(pair.kept()), text(pair.random()), signed(pair.worth())));
        table.print(common.out());
        double worth = pairs.stream().mapToDouble(Pair::worth).average().orElseThrow();
        double least = pairs.stream().mapToDouble(Pair::worth).min().orElseThrow();
        double most = pairs.stream().mapToDouble(Pair::worth).max().orElseThrow();
        common.out()
                .println(filter + ": " + kept + " of " + samples + " samples, worth " + signed(worth)
                        + " in test accuracy (" + signed(least) + " to " + signed(most) + " over " + pairs.size()
                        + (pairs.size() == 1 ? " seed)" : " seeds)"));
    }

    private static String text(double accuracy) {
        return String.format(Locale.ROOT, "%.4f", accuracy);
    }

    private static String signed(double difference) {
        return String.format(Locale.ROOT, "%+.4f", difference);
    }

    private @Nullable Uids openPool() {
        if (pool == null) return null;
        common.noteOtherFiles(pool);
        return Uids.open(pool);
    }
}
