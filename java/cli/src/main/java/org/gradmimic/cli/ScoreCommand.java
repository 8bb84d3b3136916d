package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.score.FeatureScoring;
import org.gradmimic.score.FeatureScoring.Summary;
import org.gradmimic.train.NpyTensors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Scores features against a head and its reference, or samples against any parameters of a model. */
@Command(
        name = "score",
        sortOptions = false,
        description = {
            "Scores samples: how far each one's gradient points toward a reference.",
            "Of features, by a linear head's weight: they are read once, in constant memory. Of images, by any"
                    + " parameters of a model (--model)."
        },
        footer = {
            "",
            "proj and cos are scores, NaN where not finite; normed_proj, normed_cos and opt are weights, 0 there."
        })
final class ScoreCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ArgGroup(validate = false, heading = "%nA head over features:%n")
    private final FeatureScoreOptions head = new FeatureScoreOptions();

    @ArgGroup(validate = false, heading = "%nA model:%n")
    private final ModelScoreOptions model = new ModelScoreOptions();

    @ArgGroup(validate = false, heading = "%nBoth:%n")
    private final Shared shared = new Shared();

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    /** Options of either form. */
    static final class Shared {
        @Option(names = "--labels", paramLabel = "y.npy", description = "Labels [N], integers in [0,C).")
        @Nullable
        Path labels;

        @Option(
                names = "--score",
                paramLabel = "KIND",
                defaultValue = "proj",
                description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
        Weighting.Kind kind;

        @Option(
                names = "--temperature",
                paramLabel = "T",
                defaultValue = "1",
                description = "Temperature of normed_proj and normed_cos (default: ${DEFAULT-VALUE}).")
        double temperature;

        @Option(
                names = "--lambda",
                paramLabel = "L",
                defaultValue = "0",
                description = "Penalty of opt (default: ${DEFAULT-VALUE}).")
        double lambda;

        @Option(
                names = "--batch-size",
                paramLabel = "B",
                defaultValue = "0",
                description =
                        "Samples that weigh against each other, and that a contrastive loss compares (default: all).")
        long batchSize;

        @Option(
                names = "--out",
                paramLabel = "FILE",
                description =
                        "Output: .npy (float32 [N]; [K,N] toward several references) or .parquet (sample_id, score). A file"
                                + " of that name is replaced.")
        Path out;
    }

    @Override
    public Integer call() {
        boolean ofModel = given("--model");
        refuseOthers(ofModel);
        require("--out");
        Arguments.check(shared.temperature, shared.lambda);
        Path[] inputs = Stream.concat(Stream.concat(head.inputs(), model.inputs()), Stream.ofNullable(shared.labels))
                .toArray(Path[]::new);
        Arguments.requireOther(shared.out, inputs);
        model.outputs().forEach(out -> Arguments.requireOther(out, inputs));
        Arguments.requireDifferent(
                Stream.concat(Stream.of(shared.out), model.outputs()).toList());
        if (ofModel) {
            new ModelScoreRun(model, shared, common, deviceOption, this::require).run();
        } else {
            require("--features", "--labels", "--weight", "--reference-weight");
            common.applyThreads();
            scoreFeatures();
        }
        return 0;
    }

    private boolean given(String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    private void refuseOthers(boolean ofModel) {
        List<String> others = Stream.of(ofModel ? FeatureScoreOptions.class : ModelScoreOptions.class)
                .flatMap(type -> Stream.of(type.getDeclaredFields()))
                .map(field -> field.getAnnotation(Option.class))
                .filter(option -> option != null && given(option.names()[0]))
                .map(option -> option.names()[0])
                .toList();
        if (others.isEmpty()) return;
        throw wrong(String.join(", ", others)
                + (ofModel ? " cannot stand beside --model" : " cannot stand without --model"));
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Refuses a command line that lacks one of these, as picocli does. */
    private void require(String... options) {
        List<String> missing =
                Stream.of(options).filter(option -> !given(option)).toList();
        if (missing.isEmpty()) return;
        String list = missing.stream()
                .map(spec::findOption)
                .map(ScoreCommand::synopsis)
                .collect(Collectors.joining(", "));
        throw wrong("Missing required option" + (missing.size() == 1 ? ": " : "s: ") + list);
    }

    private static String synopsis(OptionSpec option) {
        return "'" + option.longestName() + "=" + option.paramLabel() + "'";
    }

    private void scoreFeatures() {
        Device device = deviceOption.choose(common);
        try (PointerScope scope = new PointerScope();
                NpyFile featureFile = NpyFile.open(head.features);
                NpyFile labelFile = NpyFile.open(shared.labels)) {
            var request = new FeatureScoring.Request(
                    featureFile,
                    labelFile,
                    device.move(NpyTensors.floats(head.weight)),
                    head.bias == null ? null : device.move(NpyTensors.floats(head.bias)),
                    device.move(NpyTensors.floats(head.reference)),
                    shared.kind,
                    shared.temperature,
                    shared.lambda,
                    shared.batchSize);
            FeatureScoring.check(request, shared.out);
            report(run(request));
        }
    }

    private Summary run(FeatureScoring.Request request) {
        long[] done = {0};
        try (Progress progress =
                common.progress("scoring", "rows", request.features().rows())) {
            return FeatureScoring.run(request, shared.out, rows -> {
                progress.step(rows - done[0]);
                done[0] = rows;
            });
        }
    }

    private void report(Summary summary) {
        noteNonFinite(common, summary.rows(), summary.nonFinite(), summary.nonFiniteRows(), "row");
        if (summary.directionNorm() == 0) {
            common.note("the weight is the reference weight: every score is 0");
        }
        common.out().println(shared.out + ": " + shared.kind + " of " + summary.rows() + " samples");
    }

    /** @param named some of the samples */
    static void noteNonFinite(CommonOptions common, long all, long nonFinite, List<Long> named, String unit) {
        if (nonFinite == 0) return;
        common.note(nonFinite + " of " + all
                + (nonFinite == 1
                        ? " samples has no finite score: " + unit + " "
                        : " samples have no finite score: " + unit + "s ")
                + named.stream().map(String::valueOf).collect(Collectors.joining(", "))
                + (nonFinite > named.size() ? " and others" : ""));
    }
}
