package org.gradmimic.reshard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites WebDataset shards to the samples of a subset. Every shard becomes one of the same name, its samples in their
 * order and as they were; one that keeps nothing has no tar. A sample that is in the subset k times is written k times, the
 * copies with {@code -1}, {@code -2} … behind their keys. {@code NAME_stats.json} beside a shard says how many it has.
 *
 * <p>Files are whole or absent, and shards that are done are passed over: what was interrupted goes on with the shard it
 * was at.
 */
public final class Resharder {
    private final List<Shard> shards;
    private final Path output;
    private final UidSubset subset;

    /**
     * Looks at all names before anything is written.
     *
     * @param input a shard, {@code .tar}, {@code .tar.gz} or {@code .tgz}, or a folder of them
     * @param output the folder to write to; made if it is missing
     * @param subset the uids to keep
     * @throws InputException if there is no shard, or the output is where the input is
     */
    public Resharder(Path input, Path output, UidSubset subset) {
        this.shards = Shard.list(input);
        this.output = output;
        this.subset = subset;
        try {
            Files.createDirectories(output);
            Path folder =
                    Files.isDirectory(input) ? input : input.toAbsolutePath().getParent();
            if (Files.isSameFile(folder, output)) {
                throw new InputException(output + " is the input, too; give the output another folder");
            }
        } catch (IOException e) {
            throw new InputException("cannot make the folder " + output + ": " + AtomicFile.reason(e), e);
        }
    }

    /** How many shards there are. */
    public int shards() {
        return shards.size();
    }

    /** Is told of every shard that is done. */
    @FunctionalInterface
    public interface Listener {
        /**
         * @param shard its name
         * @param sofar what was done up to it
         */
        void done(String shard, Summary sofar);
    }

    /**
     * What was done.
     *
     * @param shards shards that are done
     * @param doneBefore how many of them were done before this run
     * @param samples samples in them
     * @param kept samples kept of them, copies counted
     * @param missing uids of the subset that were in none of the shards, each once; a lower bound if shards were done
     *     before, since a uid in two of them cannot be told from two uids; -1 if such a shard's uids were not counted
     */
    public record Summary(int shards, int doneBefore, long samples, long kept, long missing) {}

    /**
     * Rewrites the shards that are not done yet.
     *
     * @throws InputException if a shard is damaged, a sample has no uid, the disk is full, or the output holds shards of
     *     another subset or none of ours; shards that are done stay
     */
    public Summary run(Listener listener) {
        String fingerprint = subset.fingerprint();
        Progress progress = new Progress(subset);
        for (Shard shard : shards) {
            Shard target = shard.in(output);
            ShardStats done = done(target, fingerprint);
            if (done == null) {
                progress.add(rewrite(shard, target, fingerprint, progress.coverage));
            } else {
                progress.addDoneBefore(done);
            }
            listener.done(shard.tar().getFileName().toString(), progress.summary());
        }
        return progress.summary();
    }

    /** What was done so far. */
    private static final class Progress {
        private final SubsetCoverage coverage;
        private int shards;
        private int doneBefore;
        private long samples;
        private long kept;

        Progress(UidSubset subset) {
            coverage = new SubsetCoverage(subset);
        }

        void add(ShardStats shard) {
            shards++;
            samples += shard.samples();
            kept += shard.kept();
        }

        void addDoneBefore(ShardStats shard) {
            add(shard);
            doneBefore++;
            coverage.addCounted(shard.found());
        }

        Summary summary() {
            return new Summary(shards, doneBefore, samples, kept, coverage.missing());
        }
    }

    private static @Nullable ShardStats done(Shard target, String fingerprint) {
        ShardStats stats = ShardStats.read(target.stats());
        boolean written = Files.exists(target.tar());
        if (stats == null && written) {
            throw new InputException(
                    target.tar() + " exists and is not from resharding; give a folder of its own for the" + " output");
        }
        if (stats != null && !stats.subset().equals(fingerprint)) {
            throw InputException.in(target.stats(), "was made with another subset; give another folder, or empty it");
        }
        return stats != null && (written || stats.kept() == 0) ? stats : null;
    }

    private ShardStats rewrite(Shard shard, Shard target, String fingerprint, SubsetCoverage coverage) {
        SampleUids uids = new SampleUids(shard);
        Set<Long> found = new HashSet<>();
        long samples = 0;
        long kept = 0;
        try (SampleReader reader = new SampleReader(shard.tar());
                SampleWriter writer = new SampleWriter(target.tar())) {
            for (Sample sample = reader.next(); sample != null; sample = reader.next()) {
                String uid = uids.uid(sample);
                long place = subset.find(Uid.high(uid), Uid.low(uid));
                long copies = place < 0 ? 0 : subset.count(Uid.high(uid), Uid.low(uid));
                if (copies > 0) {
                    found.add(place);
                }
                for (int copy = 0; copy < copies; copy++) {
                    writer.write(sample, copy);
                }
                samples++;
                kept += copies;
            }
            writer.finish();
            ShardStats stats = new ShardStats(samples, kept, found.size(), fingerprint);
            // Before the tar: a tar without statistics is somebody else's.
            stats.write(target.stats());
            if (kept > 0) {
                writer.commit();
            }
            found.forEach(coverage::add);
            return stats;
        }
    }
}
