package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.Arguments;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.select.datacomp.ClipModel;
import org.gradmimic.select.datacomp.Metadata;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** DataComp's baseline filters. */
@Command(
        name = "datacomp",
        description =
                "Applies a baseline filter of DataComp to the metadata of a pool and writes the subset: the sorted"
                        + " uids of the samples kept.",
        footer = {
            "",
            "basic: captions of at least 3 words and 6 characters; images whose smaller side has at least 200",
            "pixels and whose larger side is at most 3 times as long. DataComp also requires English captions, by",
            "fastText's language model. This is not supported here: combine with a list of the English uids.",
            "clip-score: scores of at least --threshold, or of at least the one at position N * FRACTION of the",
            "scores in descending order."
        })
final class DataCompCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(
            index = "0",
            paramLabel = "METADATA",
            description = "The metadata of the pool: a .parquet file, or a folder of such files.")
    private Path path;

    @Option(names = "--baseline", required = true, paramLabel = "NAME", description = "${COMPLETION-CANDIDATES}.")
    private Baseline baseline;

    @Option(
            names = "--arch",
            paramLabel = "MODEL",
            description = "clip-score: the model whose scores are used: ${COMPLETION-CANDIDATES} (default: l14).")
    private @Nullable ClipModel model;

    @Option(
            names = "--fraction",
            paramLabel = "F",
            description = "clip-score: the share to keep, at least 0 and less than 1.")
    private @Nullable Double fraction;

    @Option(names = "--threshold", paramLabel = "T", description = "clip-score: the lowest score to keep.")
    private @Nullable Double threshold;

    @Option(names = "--by-number", description = "Write the numbers of the samples in the pool instead of their uids.")
    private boolean byNumber;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "Output: .npy (u8,u8, DataComp's subset file), .parquet or .txt. An existing file is"
                    + " replaced.")
    private Path out;

    @Override
    public Integer call() {
        checkOptions();
        FilterFile.requireWritable(out);
        Arguments.requireOther(out, path);
        common.noteOtherFiles(path);
        try (Progress progress = common.progress("reading", "rows", -1)) {
            Metadata metadata = Metadata.open(path, progress::step);
            Filter filter = filter(metadata);
            if (byNumber) {
                FilterFile.write(out, filter);
            } else {
                FilterFile.write(out, filter, metadata.uids());
            }
            common.out().println(out + ": " + Kept.of(filter, true));
        }
        return 0;
    }

    private void checkOptions() {
        boolean clip = baseline == Baseline.CLIP_SCORE;
        if (!clip && (model != null || fraction != null || threshold != null)) {
            throw new InputException("--arch, --fraction and --threshold belong to --baseline clip-score");
        }
        if (clip && (fraction == null) == (threshold == null)) {
            throw new InputException("--baseline clip-score needs either --fraction or --threshold");
        }
        if (threshold != null && threshold.isNaN()) throw new InputException("--threshold is NaN");
    }

    private Filter filter(Metadata metadata) {
        return switch (baseline) {
            case NO_FILTER -> Filter.all(metadata.size());
            case BASIC -> metadata.basic();
            case CLIP_SCORE -> {
                ClipModel scores = model == null ? ClipModel.L14 : model;
                double limit =
                        fraction == null ? Objects.requireNonNull(threshold) : metadata.clipThreshold(scores, fraction);
                common.note("threshold on " + scores + ": " + limit);
                yield metadata.clipScore(scores, limit);
            }
        };
    }
}
