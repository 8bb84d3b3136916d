package org.gradmimic.train;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.ScoreLogWriter;

/**
 * Records the scores of a probe. The Parquet score log in {@code DIR/scores} grows during training; every epoch
 * finishes a part. {@code DIR/scores.npy} and {@code DIR/sample_weights.npy} [E,N] are written at the end, with NaN for
 * samples that were never drawn. If a sample is drawn several times in an epoch, the matrices contain the last result
 * and the log contains all.
 */
public final class ProbeRecorder implements ProbeListener, AutoCloseable {
    /** The name of the score log's folder in a run's folder. */
    public static final String LOG = "scores";

    private static final String SCORES = "scores.npy";
    private static final String WEIGHTS = "sample_weights.npy";

    private final ProbeListener next;
    private final ScoreLogWriter log;
    private final NpyWriter scores;
    private final NpyWriter weights;
    private final float[] epochScores;
    private final float[] epochWeights;
    private int epoch;
    private boolean pending;

    /**
     * Begins the files of a run.
     *
     * @param folder the folder of the run; must exist
     * @param epochs E
     * @param samples N
     * @param next receives every call too
     */
    public ProbeRecorder(Path folder, int epochs, int samples, ProbeListener next) {
        this(folder, epochs, samples, next, ProbeRecorder::create);
    }

    /** Names of what a recorder writes to the run's folder. */
    public static List<String> outputs() {
        return List.of(LOG, SCORES, WEIGHTS);
    }

    private ProbeRecorder(
            Path folder, int epochs, int samples, ProbeListener next, Function<Path, ScoreLogWriter> openLog) {
        this.next = next;
        epochScores = new float[samples];
        epochWeights = new float[samples];
        clear();
        scores = NpyWriter.create(folder.resolve(SCORES), epochs, samples);
        try {
            weights = NpyWriter.create(folder.resolve(WEIGHTS), epochs, samples);
        } catch (RuntimeException e) {
            scores.close();
            throw e;
        }
        try {
            log = openLog.apply(folder.resolve(LOG));
        } catch (RuntimeException e) {
            scores.close();
            weights.close();
            throw e;
        }
    }

    private static ScoreLogWriter create(Path log) {
        return ScoreLogWriter.create(log, ScoreLogWriter.DEFAULT_ROWS_PER_PART);
    }

    /**
     * Continues the files of an interrupted run after its first {@code finished} epochs. Later epochs in the log are
     * removed and will be written again. The matrices are filled from the epochs that are kept.
     *
     * @param finished the number of epochs to keep, from {@link ProbeCheckpoint#finishedEpochs}
     * @throws org.gradmimic.base.InputException if the log lacks one of them, is damaged or belongs to another data set
     */
    public static ProbeRecorder resume(Path folder, int epochs, int samples, ProbeListener next, int finished) {
        ProbeRecorder recorder = new ProbeRecorder(
                folder,
                epochs,
                samples,
                next,
                log -> ScoreLogWriter.resume(log, ScoreLogWriter.DEFAULT_ROWS_PER_PART, finished));
        try {
            if (finished > 0) recorder.refill(folder.resolve(LOG), finished);
            return recorder;
        } catch (RuntimeException e) {
            recorder.close();
            throw e;
        }
    }

    private void refill(Path folder, int finished) {
        ScoreLog old = ScoreLog.open(folder);
        if (old.epochs() != finished || old.samples() > epochScores.length) {
            throw new InputException(folder + " has scores of " + old.epochs() + " epochs and samples up to "
                    + (old.samples() - 1) + ", but the run's checkpoint has " + finished + " epochs of "
                    + epochScores.length + " samples");
        }
        old.forEachRow((id, of, step, score, weight, relativeWeight, loss) -> {
            if (of != epoch) putEpoch();
            epoch = of;
            epochScores[(int) id] = score;
            epochWeights[(int) id] = weight;
        });
        putEpoch();
    }

    @Override
    public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {
        this.epoch = epoch;
        pending = true;
        log.append(epoch, step, ids, score, weight, loss, count);
        for (int i = 0; i < count; i++) {
            // The same value as in the log, so that the matrices of a resumed run have the same bits.
            epochScores[(int) ids[i]] = Float.isFinite(score[i]) ? score[i] : Float.NaN;
            epochWeights[(int) ids[i]] = weight[i];
        }
        next.accept(epoch, step, ids, score, weight, loss, count);
    }

    @Override
    public void stepped(long steps, long totalSteps) {
        next.stepped(steps, totalSteps);
    }

    @Override
    public boolean stopRequested() {
        return next.stopRequested();
    }

    @Override
    public void epochFinished(EpochMetrics metrics) {
        finishEpoch();
        next.epochFinished(metrics);
    }

    private void finishEpoch() {
        if (!pending) return;
        pending = false;
        putEpoch();
        log.flush();
    }

    private void putEpoch() {
        long from = (long) epoch * epochScores.length;
        scores.put(from, FloatBuffer.wrap(epochScores));
        weights.put(from, FloatBuffer.wrap(epochWeights));
        clear();
    }

    private void clear() {
        Arrays.fill(epochScores, Float.NaN);
        Arrays.fill(epochWeights, Float.NaN);
    }

    /** Renames the matrices to their final names, including the results of an unfinished epoch. */
    public void commit() {
        finishEpoch();
        scores.commit();
        weights.commit();
    }

    /** Finishes the log, including results not yet in a part. Discards the matrices unless they were committed. */
    @Override
    public void close() {
        try {
            log.close();
        } finally {
            scores.close();
            weights.close();
        }
    }
}
