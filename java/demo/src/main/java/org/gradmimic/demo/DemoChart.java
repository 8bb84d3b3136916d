package org.gradmimic.demo;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.gradmimic.report.Chart;
import org.gradmimic.report.HistogramChart;
import org.gradmimic.report.LineChart;
import org.gradmimic.train.EpochMetrics;

/** The demo's chart: accuracies over the epochs, and the scores of clean and corrupted samples. */
final class DemoChart {
    private DemoChart() {}

    static void write(
            Path path,
            List<EpochMetrics> reference,
            List<EpochMetrics> plain,
            List<EpochMetrics> mimic,
            float[] meanScores,
            boolean[] corrupted) {
        double[] last = new double[plain.size()];
        Arrays.fill(last, 100 * DemoResult.finalAccuracy(reference));
        LineChart accuracies = LineChart.titled("Accuracy on the test set")
                .axes("epoch", "test accuracy, %")
                .line(named("Grad-Mimic", mimic), percent(mimic))
                .line(named("plain training", plain), percent(plain))
                .line(named("reference, clean labels", reference), last);
        HistogramChart scores = HistogramChart.titled("Mimic scores of the training samples")
                .axis("mean score over the epochs")
                .group("clean label", chosen(meanScores, corrupted, false))
                .group("corrupted label", chosen(meanScores, corrupted, true));
        Chart.writePng(path, accuracies, scores);
    }

    private static String named(String name, List<EpochMetrics> epochs) {
        return String.format(Locale.ROOT, "%s: %.1f %%", name, 100 * DemoResult.finalAccuracy(epochs));
    }

    private static double[] percent(List<EpochMetrics> epochs) {
        return epochs.stream().mapToDouble(epoch -> 100 * epoch.testAccuracy()).toArray();
    }

    private static double[] chosen(float[] scores, boolean[] corrupted, boolean wanted) {
        return IntStream.range(0, scores.length)
                .filter(i -> corrupted[i] == wanted)
                .mapToDouble(i -> scores[i])
                .toArray();
    }
}
