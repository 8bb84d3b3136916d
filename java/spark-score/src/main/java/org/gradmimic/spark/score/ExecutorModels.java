package org.gradmimic.spark.score;

import org.gradmimic.CpuThreads;
import org.gradmimic.device.Device;
import org.gradmimic.score.ShardScorer;
import org.gradmimic.score.ShardScoring;
import org.jspecify.annotations.Nullable;

/** The models of an executor, which all its tasks of a run share. */
final class ExecutorModels {
    private static @Nullable String run;
    private static @Nullable ShardScorer scorer;

    private ExecutorModels() {}

    /**
     * The models of a run. Those of another run are freed.
     *
     * @param id of the run
     * @param threads that LibTorch uses in the calling thread, and that decode images
     */
    static synchronized ShardScorer of(String id, ShardScoring scoring, int threads) {
        CpuThreads.limit(threads); // OpenMP's setting belongs to a thread.
        ShardScorer loaded = scorer;
        if (loaded != null && id.equals(run)) return loaded;
        if (loaded != null) loaded.close();
        scorer = null;
        loaded = ShardScorer.open(scoring, Device.CPU, threads);
        scorer = loaded;
        run = id;
        return loaded;
    }
}
