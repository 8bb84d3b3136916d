package org.gradmimic.select;

/** Combines what the epochs say of a sample into one filter. */
public final class Aggregation {

    private Aggregation() {}

    /**
     * Keeps a sample that more epochs would keep than discard. Abstentions don't count; a tie discards, and so does a
     * sample that no epoch voted on.
     *
     * @param votes [E,N]
     * @return [N] true = keep
     */
    public static boolean[] majority(Votes votes) {
        boolean[] keep = new boolean[votes.samples()];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = votes.count(i, Votes.KEEP) > votes.count(i, Votes.DISCARD);
        }
        return keep;
    }

    /**
     * Keeps by the mean score over the epochs. A sample that was never seen is discarded.
     *
     * @param scores [E,N] values, higher is better; NaN where a sample was not seen
     * @param rule splits the means
     * @return [N] true = keep
     * @throws InputException if a value is infinite; names epoch and sample
     * @throws IllegalArgumentException if the epochs have different numbers of samples
     */
    public static boolean[] meanScore(float[][] scores, VoteRule rule) {
        return majority(Votes.of(new float[][] {meanScores(scores)}, rule));
    }

    /**
     * The mean score of every sample over the epochs in which it was seen, summed in double in the epochs' order.
     *
     * @param scores [E,N]; NaN where a sample was not seen
     * @return [N]; NaN for a sample that was never seen
     * @throws InputException if a value is infinite; names epoch and sample
     * @throws IllegalArgumentException if the epochs have different numbers of samples
     */
    public static float[] meanScores(float[][] scores) {
        int samples = ScoreMatrix.samples(scores);
        double[] sum = new double[samples];
        int[] seen = new int[samples];
        for (int epoch = 0; epoch < scores.length; epoch++) {
            ScoreMatrix.requireNotInfinite(scores[epoch], epoch);
            for (int i = 0; i < samples; i++) {
                if (!Float.isNaN(scores[epoch][i])) {
                    sum[i] += scores[epoch][i];
                    seen[i]++;
                }
            }
        }
        float[] mean = new float[samples];
        for (int i = 0; i < samples; i++) {
            mean[i] = (float) (sum[i] / seen[i]); // 0/0 is NaN
        }
        return mean;
    }
}
