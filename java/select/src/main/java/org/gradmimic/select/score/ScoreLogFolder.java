package org.gradmimic.select.score;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.duckdb.DuckDBColumnType;

/** The layout of a score log on disk: its columns and the names of its parts. See docs/formats.md. */
final class ScoreLogFolder {

    static final String SAMPLE_ID = "sample_id";
    static final String EPOCH = "epoch";
    static final String STEP = "step";

    /** The columns that every part has. */
    static final Map<String, DuckDBColumnType> SCHEMA = Map.of(
            SAMPLE_ID,
            DuckDBColumnType.BIGINT,
            EPOCH,
            DuckDBColumnType.INTEGER,
            STEP,
            DuckDBColumnType.BIGINT,
            ScoreColumn.SCORE.columnName(),
            DuckDBColumnType.FLOAT,
            ScoreColumn.WEIGHT.columnName(),
            DuckDBColumnType.FLOAT,
            ScoreColumn.RELATIVE_WEIGHT.columnName(),
            DuckDBColumnType.FLOAT,
            ScoreColumn.LOSS.columnName(),
            DuckDBColumnType.FLOAT);

    /** With six digits, the order of the names is the order of the numbers. */
    static final int MAX_PARTS = 1_000_000;

    private static final Pattern PART = Pattern.compile("part-(\\d{6})\\.parquet");

    private ScoreLogFolder() {}

    /** {@code folder/part-000042.parquet}. */
    static Path part(Path folder, int number) {
        return folder.resolve(String.format(Locale.ROOT, "part-%06d.parquet", number));
    }

    /** The finished parts in order. */
    static List<Path> parts(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(
                            path -> PART.matcher(path.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }

    /** The number after that of the last part. */
    static int nextNumber(List<Path> parts) {
        if (parts.isEmpty()) {
            return 0;
        }
        String last = parts.get(parts.size() - 1).getFileName().toString();
        return Integer.parseInt(PART.matcher(last).replaceFirst("$1")) + 1;
    }
}
