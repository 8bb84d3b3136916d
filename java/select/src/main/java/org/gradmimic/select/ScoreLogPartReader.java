package org.gradmimic.select;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.duckdb.DuckDBChunkedResult;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBPreparedStatement;

/**
 * One Parquet file of a score log, its columns checked. Files are read one at a time, so that an error can name the one
 * that is broken.
 *
 * @param file the Parquet file
 * @param rows how many rows it has
 * @param lastEpoch its highest epoch, -1 without rows
 * @param lastSample its highest sample id, -1 without rows
 */
record ScoreLogPartReader(Path file, long rows, int lastEpoch, long lastSample) {

    private static final String FROM = " FROM read_parquet(?)";

    static ScoreLogPartReader open(Path file) {
        try (DuckDBConnection connection = DuckDb.open()) {
            checkColumns(file, connection);
            return summary(file, connection);
        } catch (SQLException e) {
            throw unreadable(file, e);
        }
    }

    private static void checkColumns(Path file, DuckDBConnection connection) throws SQLException {
        Map<String, String> found = new LinkedHashMap<>();
        try (PreparedStatement query = prepare(connection, "DESCRIBE SELECT *" + FROM, file);
                ResultSet columns = query.executeQuery()) {
            while (columns.next()) {
                found.put(columns.getString("column_name"), columns.getString("column_type"));
            }
        }
        new TreeMap<>(ScoreLogFolder.SCHEMA).forEach((name, type) -> {
            String actual = found.get(name);
            if (actual == null) {
                throw new InputException(
                        file + ": no column " + name + " (" + type + "), found " + found + "; is this a score log?");
            }
            if (!actual.equals(type.name())) {
                throw new InputException(file + ": column " + name + " is " + actual + ", expected " + type);
            }
        });
    }

    private static ScoreLogPartReader summary(Path file, DuckDBConnection connection) throws SQLException {
        String sql = "SELECT count(*), count(sample_id), count(epoch), min(sample_id), max(sample_id), min(epoch),"
                + " max(epoch)" + FROM;
        try (PreparedStatement query = prepare(connection, sql, file);
                ResultSet result = query.executeQuery()) {
            result.next();
            long rows = result.getLong(1);
            if (result.getLong(2) != rows || result.getLong(3) != rows) {
                throw new InputException(file + ": sample_id or epoch is NULL in some rows");
            }
            if (rows == 0) {
                return new ScoreLogPartReader(file, 0, -1, -1);
            }
            requireRange(file, "sample_id", result.getLong(4), result.getLong(5), Long.MAX_VALUE);
            requireRange(file, "epoch", result.getLong(6), result.getLong(7), Integer.MAX_VALUE);
            return new ScoreLogPartReader(file, rows, result.getInt(7), result.getLong(5));
        }
    }

    /** The highest value + 1 is a count and must not overflow. */
    private static void requireRange(Path file, String column, long lowest, long highest, long limit) {
        if (lowest < 0 || highest >= limit) {
            throw new InputException(file + ": " + column + " runs from " + lowest + " to " + highest
                    + ", expected 0 or more and less than " + limit);
        }
    }

    /** Shows all rows, in order, in chunks of DuckDB's size; the vectors stand as {@code columns} says. */
    void scan(List<String> columns, Consumer<DuckDBDataChunkReader> reader) {
        try (DuckDBConnection connection = DuckDb.open();
                PreparedStatement query = prepare(connection, "SELECT " + String.join(", ", columns) + FROM, file);
                DuckDBChunkedResult result =
                        query.unwrap(DuckDBPreparedStatement.class).query()) {
            while (result.nextChunk()) {
                reader.accept(result.chunk());
            }
        } catch (SQLException e) {
            throw unreadable(file, e);
        }
    }

    private static PreparedStatement prepare(DuckDBConnection connection, String sql, Path file) throws SQLException {
        PreparedStatement query = connection.prepareStatement(sql);
        query.setString(1, DuckDb.pattern(file));
        return query;
    }

    private static InputException unreadable(Path file, SQLException e) {
        return new InputException(file + " is truncated, corrupt or no Parquet file: " + DuckDb.reason(e), e);
    }
}
