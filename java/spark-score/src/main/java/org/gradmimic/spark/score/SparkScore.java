package org.gradmimic.spark.score;

import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SettingException;
import org.gradmimic.reshard.Shard;
import org.gradmimic.score.ShardParts;
import org.gradmimic.score.ShardRun;
import org.gradmimic.score.ShardScoring;
import org.gradmimic.spark.Failures;
import org.gradmimic.spark.SettingOptions;
import org.jspecify.annotations.Nullable;

/**
 * Scores WebDataset shards on a Spark cluster, one task a shard. The rows are those that a single machine writes with the
 * same number of threads.
 *
 * <p>An executor loads the models once, and scores one shard at a time. A task writes the shard's part into the folder of
 * finished shards, whole or not at all; a task that is repeated writes the same part. The driver joins the parts. All
 * machines must see the same files under the same names.
 */
public final class SparkScore {
    private final SparkSession session;
    private final ShardScoring scoring;
    private final List<Shard> shards;
    private final Path out;
    private @Nullable Path badList;
    private int threads;
    private boolean overwrite;
    private Consumer<String> progress = line -> {};

    private SparkScore(SparkSession session, ShardScoring scoring, List<Shard> shards, Path out) {
        this.session = session;
        this.scoring = scoring;
        this.shards = shards;
        this.out = out;
        threads = session.sparkContext().conf().getInt("spark.task.cpus", 1);
    }

    /**
     * A run that can be started.
     *
     * @param session whose executors do the work; it is not stopped
     * @param out as for {@link ShardRun#begin}
     */
    public static SparkScore of(SparkSession session, ShardScoring scoring, List<Shard> shards, Path out) {
        return new SparkScore(session, scoring, shards, out);
    }

    /** Sets where bad samples are listed; see {@link ShardRun#badList}. */
    public SparkScore badList(Path file) {
        badList = file;
        return this;
    }

    /**
     * Sets the threads of LibTorch in a task, which may change the last digits of scores. The default is the number of
     * cores of a task ({@code spark.task.cpus}).
     */
    public SparkScore threads(int threads) {
        this.threads = threads;
        return this;
    }

    /** Sets whether the finished shards of a run with other settings are deleted. */
    public SparkScore overwrite(boolean overwrite) {
        this.overwrite = overwrite;
        return this;
    }

    /** Sets what receives a line before each step. */
    public SparkScore progress(Consumer<String> lines) {
        progress = lines;
        return this;
    }

    /**
     * Scores the shards that are not finished, and writes the output.
     *
     * @throws InputException if a file is missing or damaged, a sample is bad and bad samples are not skipped, or the
     *     output cannot be written
     * @throws SettingException if an unfinished run has other settings
     */
    public ShardRun.Summary run() {
        ShardRun.check(scoring, out, badList == null ? ShardRun.badList(out) : badList);
        try (ShardRun run = ShardRun.begin(scoring, shards, out, badList, "cpu", threads, overwrite)) {
            List<Integer> missing = run.missing();
            progress.accept("scoring " + missing.size() + " of " + shards.size() + " shards");
            if (!missing.isEmpty()) score(missing, run.folder());
            progress.accept("writing " + out);
            return run.finish();
        }
    }

    private void score(List<Integer> missing, Path folder) {
        String id = UUID.randomUUID().toString();
        List<Task> tasks = missing.stream()
                .map(shard -> new Task(
                        id,
                        scoring,
                        threads,
                        folder.toString(),
                        shard,
                        shards.get(shard).tar().toString()))
                .toList();
        try {
            JavaSparkContext.fromSparkContext(session.sparkContext())
                    .parallelize(tasks, tasks.size())
                    .foreach(Task::run);
        } catch (Exception e) { // includes a checked exception of Spark that the Java signature does not declare
            throw Failures.translated(e);
        }
    }

    /** A shard to be scored. */
    private record Task(String id, ShardScoring scoring, int threads, String folder, int number, String tar)
            implements java.io.Serializable {
        void run() {
            ShardParts parts = new ShardParts(Path.of(folder));
            if (parts.has(number)) return; // An earlier attempt was believed lost.
            try {
                ExecutorModels.of(id, scoring, threads).score(new Shard(Path.of(tar)), number, parts, pairs -> {});
            } catch (SettingException e) {
                // Spark sends the message alone.
                throw new InputException(e.message(SettingOptions::name), e);
            }
        }
    }
}
