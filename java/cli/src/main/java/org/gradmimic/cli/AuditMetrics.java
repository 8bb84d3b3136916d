package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradmimic.audit.AuditResult;
import org.gradmimic.audit.ClassReport;
import org.gradmimic.audit.ReferenceQuality;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Json;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.train.EpochMetrics;
import org.jspecify.annotations.Nullable;

/** {@code metrics.json} of an audit; docs/audit.md describes it. */
final class AuditMetrics {
    private AuditMetrics() {}

    static void write(Path file, RunRecord record, AuditResult result, List<String> remarks) {
        Map<String, @Nullable Object> root = new LinkedHashMap<>();
        root.put("settings", record.settings());
        root.put("inputs", record.inputs());
        root.put("samples", result.samples());
        root.put("issues", result.issues().size());
        root.put("classes", result.classes().stream().map(AuditMetrics::of).toList());
        root.put("quality", of(result.quality()));
        root.put(
                "label_model_confidence",
                result.confidence().isPresent()
                        ? Json.number(result.confidence().getAsDouble())
                        : null);
        root.put("remarks", remarks);
        root.put("reference", head(result.reference()));
        root.put("mimic", head(result.mimic()));
        Map<String, Double> seconds = new LinkedHashMap<>();
        result.seconds().forEach((stage, value) -> seconds.put(stage.name().toLowerCase(Locale.ROOT), value));
        root.put("seconds", seconds);
        AtomicFile.write(file, Json.pretty(root));
    }

    private static Map<String, Object> of(ClassReport found) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("class", found.name());
        map.put("samples", found.samples());
        map.put("believed_wrong", found.wrong());
        return map;
    }

    private static Map<String, @Nullable Object> of(ReferenceQuality quality) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("trusted", quality.trusted());
        map.put("training_samples", quality.samples());
        map.put("held_out_samples", quality.heldOut());
        map.put("held_out_accuracy", Json.number(quality.accuracy()));
        map.put("weak", quality.isWeak());
        return map;
    }

    private static Map<String, Object> head(List<EpochMetrics> metrics) {
        List<Map<String, Object>> epochs =
                metrics.stream().map(ProbeMetrics::epoch).toList();
        epochs.forEach(epoch -> epoch.remove("batch_losses"));
        return Map.of("epochs", epochs);
    }
}
