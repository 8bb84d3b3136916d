package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.vote.Binarizer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LostExecutorTest {

    @TempDir
    Path temporary;

    @Test
    void anExecutorKilledInTheMiddleChangesNothing() throws Exception {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(5), 4, 4000, 3);
        byte[] undisturbed = Files.readAllBytes(filter(log, "undisturbed.npy"));

        Killer killer = new Killer(Cluster.executors(), 20);
        Cluster.session().sparkContext().addSparkListener(killer);
        byte[] disturbed;
        try {
            disturbed = Files.readAllBytes(filter(log, "disturbed.npy"));
        } finally {
            Cluster.session().sparkContext().listenerBus().waitUntilEmpty();
            Cluster.session().sparkContext().removeSparkListener(killer);
        }

        assertThat(killer.killed.get()).as("an executor was killed").isNotNull();
        assertThat(killer.killed.get().isAlive()).isFalse();
        assertThat(killer.tasksAfter).as("tasks that ended after it").isPositive();
        assertThat(killer.removed).as("executors that Spark lost").isPositive();
        assertThat(disturbed).isEqualTo(undisturbed);
    }

    private Path filter(Path log, String name) {
        Path out = temporary.resolve(name);
        FilterOptions options = new FilterOptions(
                        log.toString(),
                        ScoreColumn.SCORE,
                        FilterSpec.of(Binarizer.mixture(), VoteAggregation.LABEL_MODEL))
                .out(out.toString());
        options.cellsPerBlock = 4000;
        options.rowsPerSplit = 2000;
        SparkFilter.run(Cluster.session(), options);
        return out;
    }

    /**
     * Kills an executor with SIGKILL once so many tasks have ended: the one that then has some of the shuffle's data, and
     * blocks that it keeps.
     */
    private static final class Killer extends SparkListener {
        private final Map<String, ProcessHandle> executors;
        private final int tasks;
        private int ended;
        private volatile @Nullable String shuffler;
        private final AtomicReference<ProcessHandle> killed = new AtomicReference<>();
        private volatile int tasksAfter;
        private volatile int removed;

        Killer(Map<String, ProcessHandle> executors, int tasks) {
            this.executors = executors;
            this.tasks = tasks;
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            ended++;
            if (end.taskType().equals("ShuffleMapTask") && shuffler == null) {
                shuffler = end.taskInfo().executorId();
            }
            if (killed.get() != null) {
                tasksAfter++;
            } else if (ended >= tasks && shuffler != null) {
                ProcessHandle executor = executors.get(shuffler);
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
