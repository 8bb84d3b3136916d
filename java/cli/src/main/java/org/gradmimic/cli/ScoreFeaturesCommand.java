package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.device.Device;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.score.FeatureSource;
import org.gradmimic.score.ScoreSettings;
import org.gradmimic.score.ScoreSink;
import org.gradmimic.score.ScoreSummary;
import org.gradmimic.train.NpyTensors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Scores features against a head and its reference. */
@Command(
        name = "features",
        sortOptions = false,
        description = "Scores a file of features by the weight of a linear head, toward a reference head. The features"
                + " are read once, in constant memory.",
        modelTransformer = ScoreOptions.class,
        footer = {"", ScoreOptions.KINDS})
final class ScoreFeaturesCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Option(names = "--features", required = true, paramLabel = "F.npy", description = "Features [N,D], float.")
    private Path features;

    @Option(names = "--labels", required = true, paramLabel = "y.npy", description = "Labels [N], integers in [0,C).")
    private Path labels;

    @Option(names = "--weight", required = true, paramLabel = "W.npy", description = "Weight of the head [C,D].")
    private Path weight;

    @Option(names = "--bias", paramLabel = "b.npy", description = "Bias of the head [C].")
    private @Nullable Path bias;

    @Option(
            names = "--reference-weight",
            required = true,
            paramLabel = "R.npy",
            description = "Weight of the reference head [C,D].")
    private Path reference;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "Output: .npy (float32 [N]) or .parquet (sample_id, score). An existing file is replaced.")
    private Path out;

    @Override
    public Integer call() {
        SettingValues settings = ScoreOptions.values(spec, common);
        Arguments.requireOther(
                out,
                Stream.of(features, labels, weight, bias, reference)
                        .filter(Objects::nonNull)
                        .toArray(Path[]::new));
        ScoreSink sink = ScoreSink.file(out);
        common.applyThreads();
        Device device = deviceOption.choose(common);
        try (PointerScope scope = new PointerScope();
                NpyFile featureFile = NpyFile.open(features);
                NpyLabels labelFile = NpyLabels.open(labels);
                FeatureSource source = source(featureFile, labelFile, device)) {
            ScoreSummary summary = ScoreOptions.run(settings, source, sink, common);
            ScoreOptions.note(summary, common);
            if (summary.directionNorms().get(0) == 0) {
                common.note("the weight equals the reference weight: every score is 0");
            }
            common.out()
                    .println(out + ": " + settings.get(ScoreSettings.SCORE) + " of " + summary.samples() + " samples");
        }
        return 0;
    }

    private FeatureSource source(NpyFile featureFile, NpyLabels labelFile, Device device) {
        FeatureSource.Builder builder = FeatureSource.builder(
                        featureFile, labelFile, device.move(NpyTensors.floats(weight)))
                .reference(device.move(NpyTensors.floats(reference)));
        return (bias == null ? builder : builder.bias(device.move(NpyTensors.floats(bias)))).build();
    }
}
