package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradmimic.demo.DemoResult;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Json;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.train.EpochMetrics;

/** {@code metrics.json} of a demo; docs/demo.md describes it. */
final class DemoMetrics {
    private DemoMetrics() {}

    static void write(Path file, RunRecord record, DemoResult result) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("data", result.data());
        root.put("classes", result.classes());
        root.put("clean_samples", result.cleanSamples());
        root.put("noisy_samples", result.noisySamples());
        root.put("test_samples", result.testSamples());
        root.put("settings", record.settings());
        root.put("reference", head(result.reference()));
        root.put("plain", head(result.plain()));
        root.put("mimic", head(result.mimic()));
        root.put("detection", detection(result.detection()));
        Map<String, Double> seconds = new LinkedHashMap<>();
        result.seconds().forEach((stage, value) -> seconds.put(stage.name().toLowerCase(Locale.ROOT), value));
        root.put("seconds", seconds);
        AtomicFile.write(file, Json.pretty(root));
    }

    /** Like the epochs of a probe, without the losses of single batches. */
    private static Map<String, Object> head(List<EpochMetrics> metrics) {
        List<Map<String, Object>> epochs =
                metrics.stream().map(ProbeMetrics::epoch).toList();
        epochs.forEach(epoch -> epoch.remove("batch_losses"));
        return Map.of("epochs", epochs);
    }

    private static Map<String, Object> detection(Detection found) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("precision", found.precision());
        map.put("recall", found.recall());
        map.put("f1", found.f1());
        map.put("kept_share", found.keptShare());
        map.put("true_positives", found.truePositives());
        map.put("false_positives", found.falsePositives());
        map.put("false_negatives", found.falseNegatives());
        map.put("true_negatives", found.trueNegatives());
        return map;
    }
}
