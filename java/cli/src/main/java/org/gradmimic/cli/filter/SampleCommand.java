package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.gradmimic.cli.Arguments;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.sample.Draws;
import org.gradmimic.select.sample.SoftCapSampling;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.uid.Uids;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Draws a subset with repeats. */
@Command(
        name = "sample",
        description = "Draws a subset in which good samples occur several times (soft cap sampling): every draw takes a"
                + " sample with a probability proportional to its weight, and lowers the logarithm of that weight by the"
                + " penalty.",
        footer = {
            "",
            "  gradmimic filter sample --probabilities p.npy --size 12800000 --repeat-penalty 0.15 \\",
            "      --uids metadata/ --out subset.npy"
        })
final class SampleCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(
            names = "--probabilities",
            required = true,
            paramLabel = "FILE",
            description = "The weight of every sample, 0 or more: .npy [N], float, or a .parquet score table. They need"
                    + " not add up to 1. NaN is never drawn.")
    private Path probabilities;

    @Option(names = "--size", required = true, paramLabel = "N", description = "The number of draws.")
    private long size;

    @Option(
            names = "--repeat-penalty",
            paramLabel = "A",
            defaultValue = "0",
            description = "What a draw subtracts from the logarithm of the sample's weight (default: ${DEFAULT-VALUE},"
                    + " draws with replacement).")
    private double penalty;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "Determines the draws (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--uids",
            paramLabel = "POOL",
            description = "The uids of all samples in order, to write uids: DataComp metadata (a .parquet file, or a"
                    + " folder of such files), .npy (u8,u8) or .txt.")
    private @Nullable Path pool;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description =
                    "Output: .npy, .parquet or .txt; uids if they are known, otherwise sample numbers, each as often"
                            + " as it was drawn. An existing file is replaced.")
    private Path out;

    @Override
    public Integer call() {
        FilterFile.requireWritable(out);
        Arguments.requireOther(
                out, Stream.of(probabilities, pool).filter(Objects::nonNull).toArray(Path[]::new));
        Values values = Values.open(probabilities);
        Uids uids = openPool();
        try (Progress progress = common.progress("drawing", "values", -1);
                Draws draws = SoftCapSampling.draw(counted(values, progress), size, penalty, seed)) {
            if (uids == null) FilterFile.write(out, draws);
            else FilterFile.write(out, draws, uids);
            common.out()
                    .println(out + ": " + draws.size() + " draws of " + draws.distinct() + " of " + draws.samples()
                            + " samples, one at most " + draws.most() + (draws.most() == 1 ? " time" : " times"));
        }
        return 0;
    }

    private static Values counted(Values values, Progress progress) {
        return new Values() {
            @Override
            public long size() {
                return values.size();
            }

            @Override
            public String name() {
                return values.name();
            }

            @Override
            public void forEach(ValueConsumer action) {
                values.forEach(action);
                progress.step(values.size());
            }
        };
    }

    private @Nullable Uids openPool() {
        if (pool == null) return null;
        common.noteOtherFiles(pool);
        return Uids.open(pool);
    }
}
