package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Json;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.train.EpochMetrics;
import org.gradmimic.train.ProbeResult;
import org.jspecify.annotations.Nullable;

/** {@code metrics.json} of a probe; docs/formats.md describes it. */
final class ProbeMetrics {
    private ProbeMetrics() {}

    static void write(Path file, RunRecord record, ProbeResult result) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("settings", record.settings());
        root.put("inputs", record.inputs());
        root.put("stopped", result.stopped());
        List<Map<String, Object>> epochs = new ArrayList<>();
        for (EpochMetrics m : result.epochs()) epochs.add(epoch(m));
        root.put("epochs", epochs);
        AtomicFile.write(file, Json.pretty(root));
    }

    static Map<String, Object> epoch(EpochMetrics m) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("epoch", m.epoch());
        map.put("mean_loss", Json.number(m.meanLoss()));
        map.put("noisy_accuracy", Json.number(m.noisyAccuracy()));
        map.put("true_accuracy", Json.number(m.trueAccuracy()));
        map.put("test_accuracy", Json.number(m.testAccuracy()));
        map.put("test_loss", Json.number(m.testLoss()));
        map.put("direction_norm", Json.number(m.directionNorm()));
        map.put("non_finite_samples", m.nonFinite());
        map.put("seconds", m.seconds());
        map.put("batch_losses", m.batchLosses());
        return map;
    }
}
