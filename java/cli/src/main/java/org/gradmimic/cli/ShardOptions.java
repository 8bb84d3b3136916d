package org.gradmimic.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code score model} that only shards have, as a picocli mix-in. */
final class ShardOptions {
    @Option(
            names = "--bad-list",
            paramLabel = "FILE.csv",
            description = "Shards: where --bad-samples skip lists the samples it left out: shard, key, reason (default:"
                    + " NAME.bad.csv beside the output).")
    @Nullable
    Path badList;

    @Option(
            names = "--overwrite",
            description = "Shards: delete what an interrupted run with other settings has finished.")
    boolean overwrite;
}
