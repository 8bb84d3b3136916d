package org.gradmimic.audit;

import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.gradmimic.io.CsvWriter;
import org.gradmimic.io.ParquetColumns;

/** The list of issues as files: the same columns as CSV and as Parquet (docs/formats.md). */
final class IssueList {
    static final String CSV = "issues.csv";
    static final String PARQUET = "issues.parquet";

    private static final String[] COLUMNS = {
        "rank", "id", "path", "given_label", "suggested_label", "mimic_score", "keep_probability", "loss"
    };

    private IssueList() {}

    static void write(Path folder, List<Issue> issues) {
        try (CsvWriter csv = new CsvWriter(folder.resolve(CSV), COLUMNS)) {
            for (Issue issue : issues) {
                csv.row(
                        issue.rank(),
                        issue.id(),
                        issue.path(),
                        issue.givenLabel(),
                        issue.suggestedLabel(),
                        issue.mimicScore(),
                        issue.keepProbability(),
                        issue.loss());
            }
            csv.commit();
        }
        columns(issues).write(folder.resolve(PARQUET));
    }

    private static ParquetColumns columns(List<Issue> issues) {
        return new ParquetColumns()
                .ints(COLUMNS[0], issues.stream().mapToInt(Issue::rank).toArray())
                .longs(COLUMNS[1], issues.stream().mapToLong(Issue::id).toArray())
                .texts(COLUMNS[2], issues.stream().map(Issue::path).toArray(String[]::new))
                .texts(COLUMNS[3], issues.stream().map(Issue::givenLabel).toArray(String[]::new))
                .texts(COLUMNS[4], issues.stream().map(Issue::suggestedLabel).toArray(String[]::new))
                .floats(COLUMNS[5], floats(issues, Issue::mimicScore))
                .floats(COLUMNS[6], floats(issues, Issue::keepProbability))
                .floats(COLUMNS[7], floats(issues, Issue::loss));
    }

    private static float[] floats(List<Issue> issues, ToDoubleFunction<Issue> value) {
        float[] values = new float[issues.size()];
        for (int i = 0; i < values.length; i++) values[i] = (float) value.applyAsDouble(issues.get(i));
        return values;
    }
}
