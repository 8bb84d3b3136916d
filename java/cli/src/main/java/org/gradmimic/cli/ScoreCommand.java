package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.ScoreKind;
import org.gradmimic.score.FeatureScoring;
import org.gradmimic.score.FeatureScoring.Summary;
import org.gradmimic.select.npy.NpyFile;
import org.gradmimic.train.NpyTensors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Scores a feature file against a head and its reference. */
@Command(
        name = "score",
        description = "Scores features: how far each sample's gradient of the head's weight points toward the reference"
                + " head. Reads the features once, in constant memory.",
        footer = {
            "",
            "proj and cos are scores, NaN where not finite; normed_proj, normed_cos and opt are weights, 0 there."
        })
final class ScoreCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--features", required = true, paramLabel = "F.npy", description = "Features [N,D], float.")
    private Path features;

    @Option(names = "--labels", required = true, paramLabel = "y.npy", description = "Labels [N], integers in [0,C).")
    private Path labels;

    @Option(names = "--weight", required = true, paramLabel = "W.npy", description = "The head's weight [C,D].")
    private Path weight;

    @Option(names = "--bias", paramLabel = "b.npy", description = "The head's bias [C].")
    private @Nullable Path bias;

    @Option(
            names = "--reference-weight",
            required = true,
            paramLabel = "R.npy",
            description = "The reference head's weight [C,D].")
    private Path reference;

    @Option(
            names = "--score",
            paramLabel = "KIND",
            defaultValue = "proj",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ScoreKind kind;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "1",
            description = "Temperature of normed_proj and normed_cos (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--lambda",
            paramLabel = "L",
            defaultValue = "0",
            description = "Penalty of opt (default: ${DEFAULT-VALUE}).")
    private double lambda;

    @Option(
            names = "--batch-size",
            paramLabel = "B",
            defaultValue = "0",
            description = "Samples that weigh against each other (default: all).")
    private long batchSize;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "Output: .npy (float32 [N]) or .parquet (sample_id, score). A file of that name is replaced.")
    private Path out;

    @Override
    public Integer call() {
        Arguments.check(temperature, lambda);
        Arguments.requireOther(out, inputs());
        common.applyThreads();
        try (PointerScope scope = new PointerScope();
                NpyFile featureFile = NpyFile.open(features);
                NpyFile labelFile = NpyFile.open(labels)) {
            var request = new FeatureScoring.Request(
                    featureFile,
                    labelFile,
                    NpyTensors.floats(weight),
                    bias == null ? null : NpyTensors.floats(bias),
                    NpyTensors.floats(reference),
                    kind,
                    temperature,
                    lambda,
                    batchSize);
            FeatureScoring.check(request, out);
            report(run(request));
        }
        return 0;
    }

    private Path[] inputs() {
        return Stream.of(features, labels, weight, bias, reference)
                .filter(Objects::nonNull)
                .toArray(Path[]::new);
    }

    private Summary run(FeatureScoring.Request request) {
        long[] done = {0};
        try (Progress progress =
                common.progress("scoring", "rows", request.features().rows())) {
            return FeatureScoring.run(request, out, rows -> {
                progress.step(rows - done[0]);
                done[0] = rows;
            });
        }
    }

    private void report(Summary summary) {
        if (summary.nonFinite() > 0) {
            common.note(summary.nonFinite() + " of " + summary.rows()
                    + (summary.nonFinite() == 1
                            ? " samples has no finite score: row "
                            : " samples have no finite score: rows ")
                    + summary.nonFiniteRows().stream().map(String::valueOf).collect(Collectors.joining(", "))
                    + (summary.nonFinite() > summary.nonFiniteRows().size() ? " and others" : ""));
        }
        if (summary.directionNorm() == 0) {
            common.note("the weight is the reference weight: every score is 0");
        }
        common.out().println(out + ": " + kind + " of " + summary.rows() + " samples");
    }
}
