package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.select.uid.UidConsumer;
import org.gradmimic.select.uid.Uids;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which samples filters cover, if their files do not say so; a picocli mix-in. */
final class PoolOptions {
    private static final long STEP = 1 << 16;

    @Option(
            names = "--uids",
            paramLabel = "POOL",
            description = "The uids of all samples in order: DataComp metadata (a .parquet file, or a folder of such"
                    + " files), .npy (u8,u8) or .txt.")
    private @Nullable Path pool;

    @Option(
            names = "--samples",
            paramLabel = "N",
            description = "The number of all samples, if a filter only lists the samples kept.")
    private @Nullable Long samples;

    /** The file of the pool, null if it was not given. */
    @Nullable
    Path pool() {
        return pool;
    }

    /** The uids of the pool, null if they were not given. */
    @Nullable
    Uids uids(CommonOptions common) {
        if (pool == null) return null;
        common.noteOtherFiles(pool);
        return Uids.open(pool);
    }

    /** The uids of the pool, with progress reported as they are read. */
    @Nullable
    Uids uids(CommonOptions common, Progress progress) {
        Uids uids = uids(common);
        if (uids == null) return null;
        return new Uids() {
            @Override
            public long size() {
                return uids.size();
            }

            @Override
            public void forEach(UidConsumer action) {
                uids.forEach((sample, high, low) -> {
                    action.accept(sample, high, low);
                    if (sample % STEP == STEP - 1) progress.step(STEP);
                });
                progress.step(size() % STEP);
            }
        };
    }

    /** The number of samples, empty if it was not given. */
    OptionalLong samples() {
        if (samples == null) return OptionalLong.empty();
        if (samples < 0) throw new InputException("--samples must be 0 or more, but is " + samples);
        return OptionalLong.of(samples);
    }
}
