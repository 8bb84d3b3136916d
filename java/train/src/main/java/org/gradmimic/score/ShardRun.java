package org.gradmimic.score;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.reshard.Shard;
import org.jspecify.annotations.Nullable;

/**
 * A run that scores shards. Finished shards are kept in a folder beside the output, {@code .NAME.parts}, until the
 * output is complete. A run with the same output and the same settings continues with the shards that are missing; its
 * output is the same as that of a run that was not interrupted.
 *
 * <p>The output is one Parquet file; of several checkpoints it is a folder of such files, one for each. docs/formats.md
 * specifies them.
 */
public final class ShardRun implements AutoCloseable {
    private final ShardScoring scoring;
    private final List<Shard> shards;
    private final Path out;
    private final Path badList;
    private final Path folder;
    private final RunFolder run;
    private final ShardParts parts;

    private ShardRun(
            ShardScoring scoring, List<Shard> shards, Path out, @Nullable Path badList, Path folder, RunFolder run) {
        this.scoring = scoring;
        this.shards = shards;
        this.out = out;
        this.badList = badList == null ? badList(out) : badList;
        this.folder = folder;
        this.run = run;
        parts = new ShardParts(folder);
    }

    /** Where bad samples are listed unless another file is named: {@code scores.bad.csv} for {@code scores.parquet}. */
    public static Path badList(Path out) {
        return out.resolveSibling(out.getFileName().toString().replaceFirst("\\.parquet$", "") + ".bad.csv");
    }

    /**
     * Rejects an output that cannot be written, before anything is computed.
     *
     * @throws InputException that names the file
     */
    public static void check(ShardScoring scoring, Path out, Path badList) {
        if (scoring.epochs() == 1) {
            if (!ScoreFile.isParquet(out)) throw InputException.in(out, "the scores of shards must end in .parquet");
            AtomicFile.requireWritable(out);
        } else if (Files.exists(out) && !Files.exists(ShardParts.of(out.toAbsolutePath()))) {
            throw InputException.in(
                    out, "exists; the scores of " + scoring.epochs() + " checkpoints are written to a new folder");
        } else {
            AtomicFile.requireWritable(out);
        }
        AtomicFile.requireWritable(badList);
    }

    /**
     * Begins a run, or continues one. Nobody else can write to the output until it is closed.
     *
     * @param out a file that ends in .parquet; of several checkpoints a folder that does not exist
     * @param badList a text file for the samples that are left out; null for {@link #badList(Path)}
     * @param device the device that scores are computed on, which may change their last digits
     * @param threads the threads that LibTorch uses, whose number may do that too
     * @param overwrite whether the finished shards of a run with other settings are deleted
     * @throws org.gradmimic.base.SettingException if an unfinished run has other settings; the message names them
     * @throws InputException if another process is writing to the output
     */
    public static ShardRun begin(
            ShardScoring scoring,
            List<Shard> shards,
            Path out,
            @Nullable Path badList,
            String device,
            int threads,
            boolean overwrite) {
        Path folder = ShardParts.of(out.toAbsolutePath());
        Set<String> finished = new ShardParts(folder).names();
        RunFolder run = RunFolder.begin(
                folder,
                scoring.record(shards, device, threads),
                overwrite || finished.isEmpty() ? RunFolder.Start.OVERWRITE : RunFolder.Start.RESUME,
                finished);
        return new ShardRun(scoring, shards, out, badList, folder, run);
    }

    /** The folder of the finished shards. */
    public Path folder() {
        return folder;
    }

    /** Where finished shards are kept. */
    public ShardParts parts() {
        return parts;
    }

    /** The positions of the shards that are not finished. */
    public List<Integer> missing() {
        List<Integer> missing = new ArrayList<>();
        for (int i = 0; i < shards.size(); i++) {
            if (!parts.has(i)) missing.add(i);
        }
        return missing;
    }

    /**
     * The totals of a run.
     *
     * @param shards number of shards
     * @param samples number of samples with scores
     * @param nonFinite number of samples without a finite score
     * @param bad number of samples that were left out
     * @param damaged number of shards that are damaged; the samples behind the damage are in no number
     */
    public record Summary(int shards, long samples, long nonFinite, long bad, long damaged) {}

    /**
     * Writes the output from the finished shards, and deletes them.
     *
     * @throws InputException if a shard is missing, no sample has a finite score, or a file cannot be written
     */
    public Summary finish() {
        List<ShardParts.Counts> all = new ArrayList<>();
        for (int i = 0; i < shards.size(); i++) all.add(parts.read(i, shards.get(i)));
        Summary summary = summary(all);
        if (summary.nonFinite == summary.samples) {
            throw new InputException("none of the " + summary.samples + " samples in " + shards.size()
                    + " shards has a finite score" + firstReason(all));
        }
        if (scoring.badSamples() == BadSamples.SKIP) writeBad(all);
        if (scoring.epochs() == 1) {
            parts.join(all, 0, scoring.firstEpoch(), out);
        } else {
            createFolder();
            for (int e = 0; e < scoring.epochs(); e++) {
                int number = scoring.firstEpoch() + e;
                parts.join(all, e, number, out.resolve(String.format(Locale.ROOT, "epoch-%04d.parquet", number)));
            }
        }
        parts.delete();
        close();
        deleteFolder();
        return summary;
    }

    private static Summary summary(List<ShardParts.Counts> all) {
        long samples = 0;
        long nonFinite = 0;
        long bad = 0;
        long damaged = 0;
        for (ShardParts.Counts counts : all) {
            samples += counts.samples();
            nonFinite += counts.nonFinite();
            for (BadSample sample : counts.bad()) {
                if (sample.key().isEmpty()) damaged++;
                else bad++;
            }
        }
        return new Summary(all.size(), samples, nonFinite, bad, damaged);
    }

    private static String firstReason(List<ShardParts.Counts> all) {
        for (ShardParts.Counts counts : all) {
            if (counts.bad().isEmpty()) continue;
            BadSample first = counts.bad().get(0);
            return ": " + counts.shard() + ": " + (first.key().isEmpty() ? "" : "sample " + first.key() + ": ")
                    + first.reason();
        }
        return "";
    }

    private void writeBad(List<ShardParts.Counts> all) {
        StringBuilder text = new StringBuilder("shard,key,reason\n");
        for (ShardParts.Counts counts : all) {
            for (BadSample bad : counts.bad()) {
                text.append(quoted(counts.shard())).append(',').append(quoted(bad.key()));
                text.append(',').append(quoted(bad.reason())).append('\n');
            }
        }
        AtomicFile.write(badList, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** As RFC 4180 quotes. */
    private static String quoted(String field) {
        return field.matches("[^\",\\r\\n]*") ? field : '"' + field.replace("\"", "\"\"") + '"';
    }

    private void createFolder() {
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw InputException.in(out, "cannot be created: " + AtomicFile.reason(e), e);
        }
    }

    /** What is left of the folder is of no use; that it cannot be deleted does no harm. */
    private void deleteFolder() {
        try {
            AtomicFile.removeLeftovers(folder); // of processes that were killed
            for (String name : List.of(".run.json", ".lock", "")) Files.deleteIfExists(folder.resolve(name));
        } catch (IOException e) {
            return;
        }
    }

    /** Releases the output. A second call does nothing. */
    @Override
    public void close() {
        run.close();
    }
}
