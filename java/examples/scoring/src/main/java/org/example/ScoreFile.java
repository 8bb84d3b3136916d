package org.example;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import org.gradmimic.TensorScope;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.score.FeatureSource;
import org.gradmimic.score.ScoreSink;
import org.gradmimic.score.ScoreSummary;
import org.gradmimic.score.Scoring;

/**
 * Scores the rows of a feature file against a head and its reference: {@code ScoreFile FOLDER} writes features.npy and labels.npy
 * into the folder, then scores.npy with one score a row. Every fifth label is wrong.
 */
public final class ScoreFile {
    private static final int ROWS = 10_000;
    private static final int WIDTH = 32;
    private static final int CLASSES = 4;
    private static final int WRONG = 5;

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        Random random = new Random(1);
        float[] centres = gaussian(random, CLASSES * WIDTH, 1);
        float[] features = gaussian(random, ROWS * WIDTH, 1);
        long[] labels = new long[ROWS];
        for (int i = 0; i < ROWS; i++) {
            int label = random.nextInt(CLASSES);
            for (int j = 0; j < WIDTH; j++) features[i * WIDTH + j] += centres[label * WIDTH + j];
            labels[i] = i % WRONG == 0 ? (label + 1) % CLASSES : label;
        }
        NpyWriter.write(folder.resolve("features.npy"), features, ROWS, WIDTH);
        NpyWriter.write(folder.resolve("labels.npy"), labels, ROWS);

        // A reference points to the centres; the head is at its beginning.
        score(folder, gaussian(random, CLASSES * WIDTH, 0.01), centres);
        report(folder.resolve("scores.npy"));
    }

    private static void score(Path folder, float[] weight, float[] reference) {
        try (TensorScope scope = TensorScope.open();
                NpyFile features = NpyFile.open(folder.resolve("features.npy"));
                NpyLabels labels = NpyLabels.open(folder.resolve("labels.npy"));
                FeatureSource source = FeatureSource.builder(features, labels, Tensors.of(weight, CLASSES, WIDTH))
                        .reference(Tensors.of(reference, CLASSES, WIDTH))
                        .build()) {
            ScoreSink sink = ScoreSink.file(folder.resolve("scores.npy"));
            ScoreSummary summary = new Scoring(Weighting.proj()).run(source, sink, done -> {});
            System.out.printf(
                    "scored %d rows of features.npy, %d not finite%n", summary.samples(), summary.nonFinite());
        }
    }

    private static void report(Path file) {
        double[] sums = new double[2];
        int[] counts = new int[2];
        try (NpyFile scores = NpyFile.open(file)) {
            float[] values = scores.readFloats();
            for (int i = 0; i < values.length; i++) {
                int wrong = i % WRONG == 0 ? 1 : 0;
                sums[wrong] += values[i];
                counts[wrong]++;
            }
        }
        System.out.printf(
                Locale.ROOT,
                "mean score: %.3f of right labels, %.3f of wrong ones%n",
                sums[0] / counts[0],
                sums[1] / counts[1]);
    }

    private static float[] gaussian(Random random, int count, double deviation) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) (deviation * random.nextGaussian());
        return values;
    }
}
