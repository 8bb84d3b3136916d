package org.gradmimic.report.html;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;

/**
 * The training of one model, as metrics.json has it.
 *
 * @param name of the model, or of the command that trained the only one
 * @param plain whether it is plain training, to which the others are compared
 * @param values by metric, one value for each epoch; null where it was not measured
 * @param seconds the mean duration of an epoch; NaN if it was not measured
 * @param samples in an epoch; 0 if it is not known
 * @param batchSize 0 if it is not known
 */
record Curve(
        String name,
        boolean plain,
        Map<String, List<@Nullable Double>> values,
        int epochs,
        double seconds,
        long samples,
        long batchSize) {
    private static final String SECONDS = "seconds";
    private static final String SAMPLES = "samples";
    /** Names of the accuracy on data that took no part in the training, the first that a run has. */
    private static final List<String> ACCURACIES = List.of("test_accuracy", "top1");

    private static final Set<String> NO_METRICS =
            Set.of("epoch", "step", "steps", SAMPLES, SECONDS, "evaluation_seconds", "waited", "skipped_images");

    /** All curves of a metrics.json. */
    static List<Curve> of(Map<String, Object> metrics, String command, long samples) {
        List<Curve> curves = new ArrayList<>();
        Map<String, Object> settings = Values.map(metrics.get("settings"));
        long batchSize = whole(settings.get("batch_size"));
        if (metrics.get("epochs") instanceof List<?> epochs) {
            Object mode = settings.get("mode");
            boolean plain = mode != null && Set.of("sgd", "plain").contains(mode.toString());
            curves.add(of(mode == null ? command : command + ", " + mode, plain, epochs, samples, batchSize));
        }
        metrics.forEach((name, value) -> {
            if (!(Values.map(value).get("epochs") instanceof List<?> epochs)) return;
            long of = whole(metrics.get(name.equals("reference") ? "clean_samples" : "noisy_samples"));
            curves.add(of(name.replace('_', ' '), name.equals("plain"), epochs, of > 0 ? of : samples, batchSize));
        });
        return curves;
    }

    private static long whole(@Nullable Object value) {
        double number = Values.number(value);
        return number > 0 ? (long) number : 0;
    }

    private static Curve of(String name, boolean plain, List<?> epochs, long samples, long batchSize) {
        Map<String, List<@Nullable Double>> values = new LinkedHashMap<>();
        double seconds = 0;
        int timed = 0;
        long counted = 0;
        for (int e = 0; e < epochs.size(); e++) {
            Map<String, Object> epoch = Values.map(epochs.get(e));
            int before = e;
            epoch.forEach((metric, value) -> {
                if (NO_METRICS.contains(metric) || !(value instanceof Number)) return;
                List<@Nullable Double> list = values.computeIfAbsent(metric, m -> new ArrayList<>());
                while (list.size() < before) list.add(null);
                list.add(Json.number(Values.number(value)));
            });
            counted = Math.max(counted, whole(epoch.get(SAMPLES)));
            double taken = Values.number(epoch.get(SECONDS));
            if (taken > 0) {
                seconds += taken;
                timed++;
            }
        }
        return new Curve(
                name,
                plain,
                values,
                epochs.size(),
                timed == 0 ? Double.NaN : seconds / timed,
                counted > 0 ? counted : samples,
                batchSize);
    }

    /** The last value of a metric; NaN if it was not measured. */
    double last(String metric) {
        List<@Nullable Double> list = values.getOrDefault(metric, List.of());
        return list.isEmpty() ? Double.NaN : Values.number(list.get(list.size() - 1));
    }

    /** The accuracy after the last epoch; NaN if it was not measured. */
    double accuracy() {
        return ACCURACIES.stream()
                .mapToDouble(this::last)
                .filter(value -> !Double.isNaN(value))
                .findFirst()
                .orElse(Double.NaN);
    }

    /** NaN if it is not known. */
    double secondsPerStep() {
        if (samples == 0 || batchSize == 0) return Double.NaN;
        return seconds / Math.ceil((double) samples / batchSize);
    }

    /** As the page takes it. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("plain", plain);
        json.put("epochs", epochs);
        json.put("samplesPerEpoch", samples);
        if (!Double.isNaN(seconds)) json.put("secondsPerEpoch", seconds);
        if (!Double.isNaN(secondsPerStep())) json.put("stepMilliseconds", 1000 * secondsPerStep());
        json.put("metrics", values);
        return json;
    }
}
