package org.gradmimic.select.score;

/**
 * The mean of every sample over the epochs in which it was seen, as one epoch. It is summed in double, in the order of
 * the epochs.
 */
final class MeanScores implements Scores {

    private final Scores scores;

    MeanScores(Scores scores) {
        this.scores = scores;
    }

    @Override
    public int epochs() {
        return 1;
    }

    @Override
    public long samples() {
        return scores.samples();
    }

    @Override
    public void read(int epoch, long from, int count, float[] target) {
        double[] sum = new double[count];
        int[] seen = new int[count];
        for (int e = 0; e < scores.epochs(); e++) {
            scores.read(e, from, count, target);
            for (int i = 0; i < count; i++) {
                if (!Float.isNaN(target[i])) {
                    Scores.requireFinite(target[i], e, from + i);
                    sum[i] += target[i];
                    seen[i]++;
                }
            }
        }
        for (int i = 0; i < count; i++) {
            target[i] = (float) (sum[i] / seen[i]); // 0/0 is NaN
        }
    }
}
