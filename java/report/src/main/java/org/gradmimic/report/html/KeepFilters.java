package org.gradmimic.report.html;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterComparison;
import org.gradmimic.select.filter.FilterFile;
import org.jspecify.annotations.Nullable;

/** The filters of the runs in a report, by name. */
final class KeepFilters {
    private KeepFilters() {}

    /** The filters in a run's folder. */
    static Map<String, Filter> of(RunFiles run) {
        Map<String, Filter> filters = new LinkedHashMap<>();
        for (Path file : run.filters()) filters.put(file.getFileName().toString(), FilterFile.read(file));
        return filters;
    }

    static List<Map<String, Object>> json(Map<String, Filter> filters, boolean @Nullable [] mislabelled) {
        List<Map<String, Object>> all = new ArrayList<>();
        filters.forEach((name, filter) -> {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("name", name);
            json.put("samples", filter.samples());
            json.put("kept", filter.kept());
            Detection found = mislabelled == null || mislabelled.length != filter.samples()
                    ? null
                    : Detection.of(filter.toBooleans(), mislabelled);
            json.put("precision", found == null ? null : found.precision());
            json.put("recall", found == null ? null : found.recall());
            json.put("f1", found == null ? null : found.f1());
            all.add(json);
        });
        return all;
    }

    /** The overlap of each pair over the same number of samples. */
    static List<Map<String, Object>> overlaps(Map<String, Filter> filters) {
        List<Map<String, Object>> overlaps = new ArrayList<>();
        List<String> names = List.copyOf(filters.keySet());
        for (int i = 0; i < names.size(); i++) {
            for (int j = i + 1; j < names.size(); j++) {
                Filter first = filters.get(names.get(i));
                Filter second = filters.get(names.get(j));
                if (first == null || second == null || first.samples() != second.samples()) continue;
                FilterComparison both = FilterComparison.of(first, second);
                overlaps.add(Map.of(
                        "first", names.get(i),
                        "second", names.get(j),
                        "both", both.keptByBoth(),
                        "either", both.keptByEither(),
                        "jaccard", both.jaccard(),
                        "agreement", both.agreement()));
            }
        }
        return overlaps;
    }
}
