package org.gradmimic.audit;

import org.gradmimic.select.score.ScoreLog;

/** The means of scores and losses of every sample over the rows of a score log, without those that are not finite. */
final class SampleMeans {
    private final double[] score;
    private final double[] loss;
    private final int[] scores;
    private final int[] losses;

    private SampleMeans(int samples) {
        score = new double[samples];
        loss = new double[samples];
        scores = new int[samples];
        losses = new int[samples];
    }

    static SampleMeans of(ScoreLog log, int samples) {
        SampleMeans means = new SampleMeans(samples);
        log.forEachRow((id, epoch, step, score, weight, relativeWeight, loss) -> {
            int i = (int) id;
            if (Float.isFinite(score)) {
                means.score[i] += score;
                means.scores[i]++;
            }
            if (Float.isFinite(loss)) {
                means.loss[i] += loss;
                means.losses[i]++;
            }
        });
        return means;
    }

    /** NaN for a sample without a finite score. */
    float score(long id) {
        return (float) (score[(int) id] / scores[(int) id]);
    }

    /** NaN for a sample without a finite loss. */
    float loss(long id) {
        return (float) (loss[(int) id] / losses[(int) id]);
    }
}
