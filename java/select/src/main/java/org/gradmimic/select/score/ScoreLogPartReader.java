package org.gradmimic.select.score;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.duckdb.DuckDBDataChunkReader;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;

/**
 * One Parquet file of a score log, its columns checked. Files are read one at a time, so that an error can name the one
 * that is broken.
 *
 * @param parquet the file
 * @param lastEpoch its highest epoch, -1 without rows
 * @param lastSample its highest sample id, -1 without rows
 */
record ScoreLogPartReader(ParquetReader parquet, int lastEpoch, long lastSample) {

    static ScoreLogPartReader open(Path file) {
        ParquetReader parquet = ParquetReader.open(file);
        new TreeMap<>(ScoreLogFolder.SCHEMA).forEach(parquet::require);
        long rows = parquet.rows();
        if (rows == 0) {
            return new ScoreLogPartReader(parquet, -1, -1);
        }
        long[] found = parquet.aggregate(
                "count(sample_id)", "count(epoch)", "min(sample_id)", "max(sample_id)", "min(epoch)", "max(epoch)");
        if (found[0] != rows || found[1] != rows) {
            throw InputException.in(file, "sample_id or epoch is NULL in some rows");
        }
        requireRange(file, "sample_id", found[2], found[3], Long.MAX_VALUE);
        requireRange(file, "epoch", found[4], found[5], Integer.MAX_VALUE);
        return new ScoreLogPartReader(parquet, (int) found[5], found[3]);
    }

    /** The highest value + 1 is a count and must not overflow. */
    private static void requireRange(Path file, String column, long lowest, long highest, long limit) {
        if (lowest < 0 || highest >= limit) {
            throw InputException.in(
                    file,
                    column + " runs from " + lowest + " to " + highest + ", expected 0 or more and less than " + limit);
        }
    }

    Path file() {
        return parquet.file();
    }

    long rows() {
        return parquet.rows();
    }

    /** Shows all rows, in order, in chunks of DuckDB's size; the vectors stand as {@code columns} says. */
    void scan(List<String> columns, Consumer<DuckDBDataChunkReader> reader) {
        parquet.scan(columns, reader);
    }
}
