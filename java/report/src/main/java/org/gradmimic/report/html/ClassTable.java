package org.gradmimic.report.html;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts by class, and of suggested labels by given label. */
final class ClassTable {
    private final int samples;
    private final List<String> classNames;
    private final int @Nullable [] labels;
    private final boolean @Nullable [] suspected;
    private final boolean @Nullable [] mislabelled;
    private final @Nullable Issues issues;
    private final List<Measure> measures;

    ClassTable(
            int samples,
            List<String> classNames,
            int @Nullable [] labels,
            boolean @Nullable [] suspected,
            boolean @Nullable [] mislabelled,
            @Nullable Issues issues,
            List<Measure> measures) {
        this.samples = samples;
        this.classNames = classNames;
        this.labels = labels;
        this.suspected = suspected;
        this.mislabelled = mislabelled;
        this.issues = issues;
        this.measures = measures;
    }

    /** Adds the table and the matrix, as far as they are known, to what the page gets of a run. */
    void addTo(Map<String, @Nullable Object> json, DataBlock data) {
        int[] given = labels;
        if (given == null || classNames.isEmpty()) return;
        Map<String, Object> table = new LinkedHashMap<>();
        table.put("samples", data.ints(count(given, null)));
        if (suspected != null) table.put("suspected", data.ints(count(given, suspected)));
        if (mislabelled != null) table.put("mislabelled", data.ints(count(given, mislabelled)));
        if (!measures.isEmpty())
            table.put("score", data.floats(mean(given, measures.get(0).mean())));
        Map<Long, Integer> pairs = pairs(given);
        if (!pairs.isEmpty()) {
            table.put("suggestion", data.ints(mostSuggested(pairs)));
            json.put(
                    "confusion",
                    Map.of(
                            "from",
                                    data.ints(pairs.keySet().stream()
                                            .mapToInt(pair -> (int) (pair >> 32))
                                            .toArray()),
                            "to",
                                    data.ints(pairs.keySet().stream()
                                            .mapToInt(Long::intValue)
                                            .toArray()),
                            "count",
                                    data.ints(pairs.values().stream()
                                            .mapToInt(n -> n)
                                            .toArray())));
        }
        json.put("classTable", table);
        json.put(
                "classesNote",
                suspected == null
                        ? "The name of a class shows its samples above."
                        : issues != null
                                ? "Suspected are the samples that the audit found. The name of a class shows its samples above."
                                : "Suspected are the samples that the run's filter discards. The name of a class shows its"
                                        + " samples above.");
    }

    private int[] count(int[] given, boolean @Nullable [] of) {
        int[] counts = new int[classNames.size()];
        for (int i = 0; i < samples; i++) {
            if (given[i] >= 0 && (of == null || of[i])) counts[given[i]]++;
        }
        return counts;
    }

    private float[] mean(int[] given, float[] values) {
        double[] sum = new double[classNames.size()];
        int[] seen = new int[classNames.size()];
        for (int i = 0; i < samples; i++) {
            if (given[i] < 0 || Float.isNaN(values[i])) continue;
            sum[given[i]] += values[i];
            seen[given[i]]++;
        }
        float[] mean = new float[sum.length];
        for (int c = 0; c < mean.length; c++) mean[c] = seen[c] == 0 ? Float.NaN : (float) (sum[c] / seen[c]);
        return mean;
    }

    /** How often each label was suggested for each other one: given label in the upper half of the key. */
    private Map<Long, Integer> pairs(int[] given) {
        Map<Long, Integer> pairs = new TreeMap<>();
        if (issues == null) return pairs;
        for (int i = 0; i < samples; i++) {
            int suggested = issues.suggested(i);
            if (suggested >= 0 && given[i] >= 0 && suggested != given[i])
                pairs.merge((long) given[i] << 32 | suggested, 1, Integer::sum);
        }
        return pairs;
    }

    private int[] mostSuggested(Map<Long, Integer> pairs) {
        int[] suggestion = new int[classNames.size()];
        int[] times = new int[classNames.size()];
        java.util.Arrays.fill(suggestion, -1);
        pairs.forEach((pair, count) -> {
            int from = (int) (pair >> 32);
            if (count > times[from]) {
                times[from] = count;
                suggestion[from] = pair.intValue();
            }
        });
        return suggestion;
    }
}
