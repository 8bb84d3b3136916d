package org.gradmimic.io;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBFunctions;
import org.duckdb.DuckDBTableFunctionBuilder;
import org.duckdb.DuckDBWritableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * Named columns of equal length, written as a Parquet file (zstd) that DuckDB, pandas and Spark read directly.
 *
 * <pre>{@code
 * new ParquetColumns().longs("sample_id", ids).floats("score", scores).write(Path.of("scores.parquet"));
 * }</pre>
 *
 * <p>Columns that do not fit in memory are written block by block; see {@link #write(Path, Iterator)}. The arrays are
 * referenced, not copied. Not thread-safe.
 */
public final class ParquetColumns {

    private final Map<String, Column> columns = new LinkedHashMap<>();
    private int rows = -1;

    /** No columns yet. */
    public ParquetColumns() {}

    /**
     * Adds a BIGINT column.
     *
     * @param name its name, not given before
     * @param values [rows]
     * @return this
     * @throws InvalidArgumentException if the name is taken or the length is not that of the other columns
     */
    public ParquetColumns longs(String name, long[] values) {
        return add(name, values.length, new Column(DuckDBColumnType.BIGINT, (vector, from, count) -> {
            for (int i = 0; i < count; i++) {
                vector.setLong(i, values[from + i]);
            }
        }));
    }

    /**
     * Adds an INTEGER column.
     *
     * @param name its name, not given before
     * @param values [rows]
     * @return this
     * @throws InvalidArgumentException if the name is taken or the length is not that of the other columns
     */
    public ParquetColumns ints(String name, int[] values) {
        return add(name, values.length, new Column(DuckDBColumnType.INTEGER, (vector, from, count) -> {
            for (int i = 0; i < count; i++) {
                vector.setInt(i, values[from + i]);
            }
        }));
    }

    /**
     * Adds a FLOAT column; NaN and infinities are stored as they are.
     *
     * @param name its name, not given before
     * @param values [rows]
     * @return this
     * @throws InvalidArgumentException if the name is taken or the length is not that of the other columns
     */
    public ParquetColumns floats(String name, float[] values) {
        return add(name, values.length, new Column(DuckDBColumnType.FLOAT, (vector, from, count) -> {
            for (int i = 0; i < count; i++) {
                vector.setFloat(i, values[from + i]);
            }
        }));
    }

    /**
     * Adds a BOOLEAN column.
     *
     * @param name its name, not given before
     * @param values [rows]
     * @return this
     * @throws InvalidArgumentException if the name is taken or the length is not that of the other columns
     */
    public ParquetColumns booleans(String name, boolean[] values) {
        return add(name, values.length, new Column(DuckDBColumnType.BOOLEAN, (vector, from, count) -> {
            for (int i = 0; i < count; i++) {
                vector.setBoolean(i, values[from + i]);
            }
        }));
    }

    /**
     * Adds a VARCHAR column.
     *
     * @param name its name, not given before
     * @param values [rows]; null is stored as NULL
     * @return this
     * @throws InvalidArgumentException if the name is taken or the length is not that of the other columns
     */
    public ParquetColumns texts(String name, @Nullable String[] values) {
        return add(name, values.length, new Column(DuckDBColumnType.VARCHAR, (vector, from, count) -> {
            for (int i = 0; i < count; i++) {
                String value = values[from + i];
                if (value == null) vector.setNull(i);
                else vector.setString(i, value);
            }
        }));
    }

    /**
     * Adds an INTEGER column in which negative values mean that there is none.
     *
     * @param name its name, not given before
     * @param values [rows]; a negative value is stored as NULL
     * @return this
     * @throws InvalidArgumentException if the name is taken or the length is not that of the other columns
     */
    public ParquetColumns intsOrNull(String name, int[] values) {
        return add(name, values.length, new Column(DuckDBColumnType.INTEGER, (vector, from, count) -> {
            for (int i = 0; i < count; i++) {
                if (values[from + i] < 0) vector.setNull(i);
                else vector.setInt(i, values[from + i]);
            }
        }));
    }

    /**
     * Writes the columns. After a failure the file is as it was before.
     *
     * @param file the final name, in an existing folder
     * @throws InputException if it cannot be written
     */
    public void write(Path file) {
        write(file, List.of(this).iterator());
    }

    /**
     * Writes blocks of rows one after the other. All blocks must have the names and types of the first. Only one block
     * and one row group of the file are in memory at a time. A block is copied before the iterator is called again, so
     * its arrays may be reused for the next block. An exception of the iterator passes through and leaves no file.
     *
     * @param file the final name, in an existing folder
     * @param blocks at least one block, possibly without rows
     * @throws InputException if the file cannot be written
     * @throws InvalidArgumentException if there is no block, or one differs from the first in names or types
     */
    public static void write(Path file, Iterator<ParquetColumns> blocks) {
        if (!blocks.hasNext()) {
            throw new InvalidArgumentException(file + ": no block, so no columns");
        }
        ParquetColumns first = blocks.next();
        if (first.columns.isEmpty()) {
            throw new InvalidArgumentException(file + ": no columns");
        }
        AtomicFile.write(file, temporary -> copy(temporary, new BlockScan(first, blocks)));
    }

    private static void copy(Path file, BlockScan scan) throws IOException {
        try (DuckDBConnection connection = DuckDb.open();
                DuckDBTableFunctionBuilder function = DuckDBFunctions.tableFunction();
                Statement statement = connection.createStatement()) {
            function.withName("blocks").withFunction(scan).register(connection);
            statement.execute("COPY (SELECT * FROM blocks()) TO " + DuckDb.literal(file)
                    + " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)");
        } catch (SQLException e) {
            scan.rethrowFailure();
            throw new IOException(withoutName(DuckDb.reason(e), file), e);
        }
    }

    /** Of an error about the temporary file its cause alone: whoever reads the message knows the file's final name. */
    static String withoutName(String reason, Path temporary) {
        int name = reason.indexOf(temporary.toAbsolutePath().toString());
        int cause = name < 0 ? -1 : reason.indexOf(": ", name);
        return cause < 0 ? reason : reason.substring(cause + 2);
    }

    int rows() {
        return Math.max(rows, 0);
    }

    Map<String, Column> columns() {
        return columns;
    }

    private ParquetColumns add(String name, int length, Column column) {
        if (rows >= 0 && length != rows) {
            throw new InvalidArgumentException(
                    "column " + name + " has " + length + " rows, the ones before it have " + rows);
        }
        if (columns.putIfAbsent(name, column) != null) {
            throw new InvalidArgumentException("column " + name + " is there already");
        }
        rows = length;
        return this;
    }

    /** The type of a column, and how its values are copied into DuckDB's vectors. */
    record Column(DuckDBColumnType type, Filler filler) {}

    /** Copies {@code count} values, from row {@code from} on, to the start of a vector. */
    @FunctionalInterface
    interface Filler {
        void fill(DuckDBWritableVector vector, int from, int count);
    }
}
