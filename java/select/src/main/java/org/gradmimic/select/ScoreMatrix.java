package org.gradmimic.select;

/** What every user of a [E,N] matrix of scores checks. */
final class ScoreMatrix {

    private ScoreMatrix() {}

    /** N; 0 without epochs. */
    static int samples(float[][] scores) {
        int samples = scores.length == 0 ? 0 : scores[0].length;
        for (int epoch = 1; epoch < scores.length; epoch++) {
            if (scores[epoch].length != samples) {
                throw new IllegalArgumentException(
                        "epoch " + epoch + " has " + scores[epoch].length + " samples, epoch 0 has " + samples);
            }
        }
        return samples;
    }

    /** NaN means not seen; an infinity would move every mean and cluster to itself. */
    static void requireNotInfinite(float[] scores, int epoch) {
        for (int sample = 0; sample < scores.length; sample++) {
            if (Float.isInfinite(scores[sample])) {
                throw new InputException("epoch " + epoch + ", sample " + sample + ": the value is " + scores[sample]
                        + ", expected a finite one, or NaN for not seen");
            }
        }
    }
}
