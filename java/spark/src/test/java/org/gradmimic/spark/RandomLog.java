package org.gradmimic.spark;

import java.nio.file.Path;
import java.util.Random;
import org.gradmimic.select.score.ScoreLogWriter;

/** Score logs with what makes filters differ: two kinds of samples, ties, repeats, samples not seen, values not finite. */
final class RandomLog {

    private RandomLog() {}

    /**
     * Writes a log in which most samples are seen once an epoch, in random order.
     *
     * @param decimals values are rounded to so many, for ties
     */
    static Path write(Path folder, Random random, int epochs, int samples, int decimals) {
        boolean[] good = new boolean[samples];
        for (int i = 0; i < samples; i++) {
            good[i] = random.nextDouble() < 0.6;
        }
        double unit = Math.pow(10, decimals);
        long step = 0;
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 1 + samples * epochs / (1 + random.nextInt(4)))) {
            for (int epoch = 0; epoch < epochs; epoch++) {
                int batch = 1 + random.nextInt(64);
                int[] order = random.ints(samples, 0, samples).toArray(); // draws with repeats
                int[] all = random.nextInt(3) == 0
                        ? order
                        : random.ints(0, samples).distinct().limit(samples).toArray();
                for (int from = 0; from < samples; from += batch, step++) {
                    int n = Math.min(batch, samples - from);
                    long[] ids = new long[n];
                    float[] scores = new float[n];
                    float[] weights = new float[n];
                    for (int i = 0; i < n; i++) {
                        int sample = all[from + i];
                        ids[i] = sample;
                        double value = (good[sample] ? 0.8 : -0.9) + random.nextGaussian() * (good[sample] ? 0.5 : 0.8);
                        scores[i] = random.nextInt(50) == 0 ? Float.NaN : (float) (Math.rint(value * unit) / unit);
                        weights[i] = Float.isNaN(scores[i]) ? 0 : (float) Math.exp(scores[i]) / n;
                    }
                    writer.append(epoch, step, ids, scores, weights, new float[n], n);
                }
            }
        }
        return folder;
    }
}
