package org.gradmimic.demo;

import java.util.List;
import java.util.Map;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.train.EpochMetrics;

/**
 * The results of a demo.
 *
 * @param data the spec of the data set
 * @param settings as given
 * @param classes C
 * @param cleanSamples number of images that trained the backbone and the reference
 * @param noisySamples N, number of images that trained the two heads that are compared
 * @param testSamples number of images on which accuracies are measured
 * @param reference the epochs of the reference head, on clean labels
 * @param plain the epochs of the plainly trained head
 * @param mimic the epochs of the head trained with Grad-Mimic
 * @param detection of the corrupted labels
 * @param seconds the duration of every stage
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

    /** The accuracy on the test set after the last epoch. */
    public static double finalAccuracy(List<EpochMetrics> epochs) {
        return epochs.get(epochs.size() - 1).testAccuracy();
    }
}
