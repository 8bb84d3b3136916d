package org.gradmimic.demo;

import java.util.List;
import java.util.Map;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.train.EpochMetrics;

/**
 * What a demo found.
 *
 * @param data the data set's spec
 * @param settings as given
 * @param classes C
 * @param cleanSamples images that trained backbone and reference
 * @param noisySamples N, images that trained the two heads that are compared
 * @param testSamples images that accuracies are measured on
 * @param reference the reference head's epochs, on clean labels
 * @param plain the plainly trained head's
 * @param mimic Grad-Mimic's
 * @param detection of the corrupted labels
 * @param seconds what every stage took
 */
public record DemoResult(
        String data,
        DemoSettings settings,
        int classes,
        int cleanSamples,
        int noisySamples,
        int testSamples,
        List<EpochMetrics> reference,
        List<EpochMetrics> plain,
        List<EpochMetrics> mimic,
        Detection detection,
        Map<DemoStage, Double> seconds) {

    /** Accuracy on the test set after the last epoch. */
    public static double finalAccuracy(List<EpochMetrics> epochs) {
        return epochs.get(epochs.size() - 1).testAccuracy();
    }
}
