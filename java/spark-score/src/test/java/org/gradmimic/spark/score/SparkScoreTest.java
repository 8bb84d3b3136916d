package org.gradmimic.spark.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.duckdb.DuckDBDriver;
import org.gradmimic.CpuThreads;
import org.gradmimic.base.InputException;
import org.gradmimic.device.Device;
import org.gradmimic.reshard.Shard;
import org.gradmimic.score.Pairs;
import org.gradmimic.score.ShardRun;
import org.gradmimic.score.ShardScorer;
import org.gradmimic.score.ShardScoring;
import org.gradmimic.spark.Cluster;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores from several executors against those of this process. */
class SparkScoreTest {
    private static final int SHARDS = 16;
    private static final int EACH = 21;

    @TempDir
    Path folder;

    private ShardScoring scoring;

    @BeforeEach
    void make() throws IOException {
        Pairs.model(folder, "model", "later", "reference");
        Pairs.shards(folder.resolve("shards"), SHARDS, EACH);
        scoring = ShardScoring.builder(folder.resolve("c.json").toString())
                .weights(List.of(folder.resolve("model.safetensors"), folder.resolve("later.safetensors")))
                .references(List.of(folder.resolve("reference.safetensors")))
                .mimicLayer("visual.proj,text_projection,logit_scale")
                .vocabulary(folder.resolve("bpe.txt"))
                .batchSize(8)
                .build();
    }

    private List<Shard> shards() {
        return Shard.list(folder.resolve("shards"));
    }

    @Test
    void anExecutorKilledInTheMiddleChangesNothing() throws Exception {
        List<String> expected = here();
        Killer killer = new Killer(Cluster.executors(), 4);
        Cluster.session().sparkContext().addSparkListener(killer);
        Path out = folder.resolve("there");
        ShardRun.Summary summary;
        try {
            summary = SparkScore.of(Cluster.session(), scoring, shards(), out).run();
        } finally {
            Cluster.session().sparkContext().listenerBus().waitUntilEmpty();
            Cluster.session().sparkContext().removeSparkListener(killer);
        }
        assertThat(killer.killed.get()).as("an executor was killed").isNotNull();
        assertThat(killer.removed).as("executors that Spark lost").isPositive();
        assertThat(killer.tasksAfter).as("tasks that ended after it").isPositive();
        assertThat(summary).isEqualTo(new ShardRun.Summary(SHARDS, SHARDS * EACH, 0, 0, 0));
        assertThat(rows(out)).isEqualTo(expected);
        assertThat(folder.resolve(".there.parts")).doesNotExist();
    }

    @Test
    void aBadSampleIsNamed() throws IOException {
        Map<String, Map<String, byte[]>> samples = Pairs.samples(0, EACH);
        samples.get("000007").remove("png");
        Pairs.write(folder.resolve("shards/00.tar"), samples);
        SparkScore run = SparkScore.of(Cluster.session(), scoring, shards().subList(0, 1), folder.resolve("there"));
        assertThatThrownBy(run::run)
                .isInstanceOf(InputException.class)
                .hasMessageContaining("00.tar: sample 000007: has no image")
                .hasMessageContaining("--bad-samples skip leaves it out");
        assertThat(folder.resolve("there")).doesNotExist();
    }

    /** The rows as one machine writes them. */
    private List<String> here() throws Exception {
        int before = CpuThreads.libTorch();
        CpuThreads.limit(1);
        Path out = folder.resolve("here");
        List<Shard> shards = shards();
        try (ShardScorer scorer = ShardScorer.open(scoring, Device.CPU, 1);
                ShardRun run = ShardRun.begin(scoring, shards, out, null, "cpu", 1, false)) {
            for (int shard : run.missing()) scorer.score(shards.get(shard), shard, run.parts(), pairs -> {});
            run.finish();
        } finally {
            CpuThreads.limit(before);
        }
        List<String> rows = rows(out);
        assertThat(rows).hasSize(2 * SHARDS * EACH);
        return rows;
    }

    private static List<String> rows(Path tables) throws Exception {
        try (Connection connection = new DuckDBDriver().connect("jdbc:duckdb:", new Properties());
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT t::VARCHAR FROM (SELECT * FROM '" + tables
                        + "/*.parquet' ORDER BY epoch, sample_id) t")) {
            List<String> rows = new ArrayList<>();
            while (result.next()) rows.add(result.getString(1));
            return rows;
        }
    }

    /** Kills an executor with SIGKILL once so many tasks have ended. */
    private static final class Killer extends SparkListener {
        private final Map<String, ProcessHandle> executors;
        private final int tasks;
        private int ended;
        private final AtomicReference<@Nullable ProcessHandle> killed = new AtomicReference<>();
        private volatile int tasksAfter;
        private volatile int removed;

        Killer(Map<String, ProcessHandle> executors, int tasks) {
            this.executors = executors;
            this.tasks = tasks;
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            ended++;
            if (killed.get() != null) {
                tasksAfter++;
            } else if (ended >= tasks) {
                ProcessHandle executor = executors.get(end.taskInfo().executorId());
                executor.destroyForcibly();
                killed.set(executor);
            }
        }

        @Override
        public void onExecutorRemoved(SparkListenerExecutorRemoved executor) {
            removed++;
        }
    }
}
