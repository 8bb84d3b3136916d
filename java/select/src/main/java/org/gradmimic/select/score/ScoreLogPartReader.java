package org.gradmimic.select.score;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;

/**
 * One Parquet file of a score log with checked columns. Files are read one at a time, so that an error can name the
 * broken one.
 *
 * @param parquet the file
 * @param lastEpoch its highest epoch, −1 if it has no rows
 * @param lastSample its highest sample id, −1 if it has no rows
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

    /**
     * Passes all rows to the reader, in order, in chunks of DuckDB's size. Before a chunk is passed on, its sample ids
     * and epochs are compared with {@link #lastSample} and {@link #lastEpoch}, because these come from the footer of
     * the file, which can be wrong.
     *
     * @param columns of values, read after {@code sample_id} and {@code epoch}: their vectors begin at 2
     * @throws InputException if the file is damaged, or an id or epoch exceeds what the footer says; names the row
     */
    void scan(List<String> columns, Consumer<DuckDBDataChunkReader> reader) {
        List<String> all = new ArrayList<>(List.of(ScoreLogFolder.SAMPLE_ID, ScoreLogFolder.EPOCH));
        all.addAll(columns);
        ParquetReader.scanAll(List.of(parquet), all, (file, firstRow, chunk) -> {
            check(firstRow, chunk);
            reader.accept(chunk);
        });
    }

    private void check(long firstRow, DuckDBDataChunkReader chunk) {
        DuckDBReadableVector samples = chunk.vector(0);
        DuckDBReadableVector epochs = chunk.vector(1);
        for (long i = 0; i < chunk.rowCount(); i++) {
            check(firstRow + i, ScoreLogFolder.SAMPLE_ID, samples.getLong(i, -1), lastSample);
            check(firstRow + i, ScoreLogFolder.EPOCH, epochs.getInt(i, -1), lastEpoch);
        }
    }

    private void check(long row, String column, long value, long last) {
        if (value < 0 || value > last) {
            throw InputException.at(
                    file(),
                    "row",
                    row,
                    column + " is " + (value < 0 ? "NULL or negative" : value) + ", but the file's footer says 0 to "
                            + last + "; rewrite the file");
        }
    }
}
