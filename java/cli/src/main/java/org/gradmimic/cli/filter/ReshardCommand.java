package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Interruption;
import org.gradmimic.cli.Progress;
import org.gradmimic.reshard.Resharder;
import org.gradmimic.reshard.Resharder.Summary;
import org.gradmimic.select.filter.FilterFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Rewrites a data set to a subset. */
@Command(
        name = "reshard",
        description =
                "Rewrites WebDataset shards to the samples of a subset. To continue after an interruption, run the"
                        + " same command again.",
        footer = {
            "",
            "The uid of a sample is in its .json, or in the row for its key in the .parquet beside the shard (columns",
            "key and uid). A uid that is in the subset k times is written k times, with -1, -2 ... after the key.",
            "",
            "A .npy of uids that is larger than a quarter of Java's heap limit is mapped, not read: do not truncate it",
            "while the command runs."
        })
final class ReshardCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(
            names = "--shards",
            required = true,
            paramLabel = "DIR",
            description = "A folder of shards (.tar, .tar.gz or .tgz), or one shard.")
    private Path shards;

    @Option(
            names = "--keep",
            required = true,
            paramLabel = "SUBSET",
            description = "The uids to keep: .npy (u8,u8), .parquet or .txt.")
    private Path keep;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "The folder to write to: a shard of the same name for each that keeps samples, and"
                    + " NAME_stats.json.")
    private Path out;

    @Override
    public Integer call() {
        Resharder resharder = new Resharder(shards, out, FilterFile.readUids(keep));
        int[] done = {0};
        Interruption.kept(() -> out + ": " + done[0] + " of " + resharder.shards()
                + " shards; the same command continues with the others");
        Summary summary;
        try (Progress progress = common.progress("resharding", "shards", resharder.shards())) {
            summary = resharder.run((shard, sofar) -> {
                done[0] = sofar.shards();
                progress.step(1);
                progress.say(sofar.kept() + " samples kept");
            });
        }
        resharder.notes().forEach(note -> common.note(shards + ": " + note));
        if (summary.doneBefore() > 0) {
            common.note(summary.doneBefore() + " of " + summary.shards() + " shards were done before");
        }
        if (summary.missing() > 0) {
            common.note("of the uids in " + keep + ", " + (summary.doneBefore() > 0 ? "at least " : "")
                    + summary.missing() + (summary.missing() == 1 ? " was" : " were") + " found in no shard");
        }
        common.out()
                .println(out + ": " + summary.kept() + " of " + summary.samples() + " samples kept, " + summary.shards()
                        + (summary.shards() == 1 ? " shard" : " shards"));
        return 0;
    }
}
