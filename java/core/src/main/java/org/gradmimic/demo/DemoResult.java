package org.gradmimic.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradmimic.select.Detection;
import org.gradmimic.train.EpochMetrics;

/**
 * What a demo found.
 *
 * @param data the data set's spec
 * @param settings as given
 * @param classes C
 * @param cleanSamples pictures that trained backbone and reference
 * @param noisySamples N, pictures that trained the two heads that are compared
 * @param testSamples pictures that accuracies are measured on
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

    /** Everything as maps, lists, numbers and texts, for {@code metrics.json}; specified in docs/demo.md. */
    public Map<String, Object> metrics() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("data", data);
        all.put("classes", classes);
        all.put("samples", Map.of("clean", cleanSamples, "noisy", noisySamples, "test", testSamples));
        all.put("settings", settings);
        all.put("reference", head(reference));
        all.put("plain", head(plain));
        all.put("mimic", head(mimic));
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("precision", detection.precision());
        found.put("recall", detection.recall());
        found.put("f1", detection.f1());
        found.put("kept_share", detection.keptShare());
        found.put("true_positives", detection.truePositives());
        found.put("false_positives", detection.falsePositives());
        found.put("false_negatives", detection.falseNegatives());
        found.put("true_negatives", detection.trueNegatives());
        all.put("detection", found);
        Map<String, Double> stages = new LinkedHashMap<>();
        seconds.forEach((stage, value) -> stages.put(stage.name().toLowerCase(Locale.ROOT), value));
        all.put("seconds", stages);
        return all;
    }

    private static Map<String, Object> head(List<EpochMetrics> epochs) {
        Map<String, Object> head = new LinkedHashMap<>();
        head.put("test_accuracy", finalAccuracy(epochs));
        head.put(
                "test_accuracy_by_epoch",
                epochs.stream().map(EpochMetrics::testAccuracy).toList());
        head.put("loss_by_epoch", epochs.stream().map(EpochMetrics::meanLoss).toList());
        head.put("seconds_by_epoch", epochs.stream().map(EpochMetrics::seconds).toList());
        return head;
    }
}
