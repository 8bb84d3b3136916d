package org.gradmimic.reshard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.PassedOver;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites WebDataset shards to the samples of a subset. Every shard becomes a shard of the same name with its samples
 * in the same order and unchanged; a shard that keeps no sample has no tar. A sample that is in the subset k times is
 * written k times; the keys of the copies end in {@code -1}, {@code -2} and so on. {@code NAME_stats.json} beside a
 * shard records its counts.
 *
 * <p>Files are whole or absent. Finished shards are skipped, so an interrupted run continues with the shard at which it
 * stopped. Two runs cannot write to one folder at the same time; {@link FolderLock} leaves a file {@code .lock} there.
 */
public final class Resharder {
    private final List<Shard> shards;
    private final Path output;
    private final UidSubset subset;
    private final PassedOver passedOver;
    private final PassedOver leftOut = new PassedOver();

    /**
     * Checks all names before anything is written.
     *
     * @param input a shard, {@code .tar}, {@code .tar.gz} or {@code .tgz}, or a folder of them
     * @param output the folder to write to; created if it is missing
     * @param subset the uids to keep
     * @throws InputException if there is no shard, or the output folder is that of the input
     */
    public Resharder(Path input, Path output, UidSubset subset) {
        this.shards = Shard.list(input);
        this.passedOver = Shard.passedOver(input, shards);
        this.output = output;
        this.subset = subset;
        try {
            Files.createDirectories(output);
            Path folder =
                    Files.isDirectory(input) ? input : input.toAbsolutePath().getParent();
            if (Files.isSameFile(folder, output)) {
                throw new InputException(output + " is also the input; give the output another folder");
            }
        } catch (IOException e) {
            throw new InputException("cannot create the folder " + output + ": " + AtomicFile.reason(e), e);
        }
    }

    /** The number of shards. */
    public int shards() {
        return shards.size();
    }

    /**
     * What a user should know of files that were not read, a sentence each: files of the folder that are no shards, and, after
     * {@link #run}, files of the shards that belong to no sample.
     */
    public List<String> notes() {
        return Stream.of(
                        passedOver.note(passedOver.count() == 1 ? "no shard" : "no shards"),
                        leftOut.note("of no sample (no dot in the name)"))
                .filter(note -> !note.isEmpty())
                .toList();
    }

    /** Is called after every finished shard. */
    @FunctionalInterface
    public interface Listener {
        /**
         * @param shard its name
         * @param sofar the totals up to this shard
         */
        void done(String shard, Summary sofar);
    }

    /**
     * The totals of a run.
     *
     * @param shards number of finished shards
     * @param doneBefore how many of them were finished before this run
     * @param samples number of samples in them
     * @param kept number of samples kept, copies included
     * @param missing number of distinct uids of the subset that were in none of the shards; a lower bound if shards
     *     were finished before, since a uid in two of them cannot be told from two uids; −1 if the uids of such a shard
     *     were not counted
     */
    public record Summary(int shards, int doneBefore, long samples, long kept, long missing) {}

    /**
     * Rewrites the shards that are not finished yet.
     *
     * @throws InputException if a shard is damaged, a sample has no uid, the disk is full, or the output contains
     *     shards of another subset or of another program, or another process writes to it; finished shards stay
     */
    public Summary run(Listener listener) {
        try (FolderLock lock = FolderLock.take(output)) {
            return rewriteAll(listener);
        }
    }

    private Summary rewriteAll(Listener listener) {
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

    /** The totals so far. */
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
                    target.tar() + " exists and is not from resharding; give a separate folder for the" + " output");
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
        try (SampleReader reader = new SampleReader(shard.tar(), leftOut);
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
            // Written before the tar, because a tar without statistics counts as that of another program.
            stats.write(target.stats());
            if (kept > 0) {
                writer.commit();
            }
            found.forEach(coverage::add);
            return stats;
        }
    }
}
