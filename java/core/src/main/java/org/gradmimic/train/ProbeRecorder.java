package org.gradmimic.train;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.gradmimic.select.ScoreLogWriter;
import org.gradmimic.select.npy.NpyWriter;

/**
 * Keeps what a probe scores: the Parquet score log in {@code DIR/scores} as training goes on (a part is finished with every
 * epoch), and {@code DIR/scores.npy} and {@code DIR/sample_weights.npy} [E,N] at its end, with NaN for what was never seen.
 * Of a sample that came several times in an epoch the matrices have the last time, the log all.
 */
public final class ProbeRecorder implements ProbeListener, AutoCloseable {
    /** The score log's folder in a run's folder. */
    public static final String LOG = "scores";

    private final ProbeListener next;
    private final ScoreLogWriter log;
    private final NpyWriter scores;
    private final NpyWriter weights;
    private final float[] epochScores;
    private final float[] epochWeights;
    private int epoch;
    private boolean pending;

    /**
     * Begins a run's files.
     *
     * @param folder the run's folder; exists
     * @param epochs E
     * @param samples N
     * @param next told everything too
     */
    public ProbeRecorder(Path folder, int epochs, int samples, ProbeListener next) {
        this.next = next;
        epochScores = new float[samples];
        epochWeights = new float[samples];
        clear();
        scores = NpyWriter.create(folder.resolve("scores.npy"), epochs, samples);
        try {
            weights = NpyWriter.create(folder.resolve("sample_weights.npy"), epochs, samples);
        } catch (RuntimeException e) {
            scores.close();
            throw e;
        }
        try {
            log = ScoreLogWriter.create(folder.resolve(LOG), ScoreLogWriter.DEFAULT_ROWS_PER_PART);
        } catch (RuntimeException e) {
            scores.close();
            weights.close();
            throw e;
        }
    }

    @Override
    public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {
        this.epoch = epoch;
        pending = true;
        log.append(epoch, step, ids, score, weight, loss, count);
        for (int i = 0; i < count; i++) {
            epochScores[(int) ids[i]] = score[i];
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
        long from = (long) epoch * epochScores.length;
        scores.put(from, FloatBuffer.wrap(epochScores));
        weights.put(from, FloatBuffer.wrap(epochWeights));
        clear();
        log.flush();
    }

    private void clear() {
        Arrays.fill(epochScores, Float.NaN);
        Arrays.fill(epochWeights, Float.NaN);
    }

    /** Puts the matrices under their names, with what an unfinished epoch had. */
    public void commit() {
        finishEpoch();
        scores.commit();
        weights.commit();
    }

    /** Finishes the log, with what was not yet in a part; drops the matrices unless they were committed. */
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
