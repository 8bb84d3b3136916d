package org.gradmimic.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.duckdb.DuckDBChunkedResult;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBPreparedStatement;
import org.gradmimic.base.InputException;

/**
 * One Parquet file with known columns, whose rows are read from front to back in chunks, in constant memory. Files are
 * read one at a time, so that an error can name the broken one.
 */
public final class ParquetReader {
    /** Hive partitioning is off, so that a folder named {@code text=en} does not replace the column of that name. */
    private static final String FROM = " FROM read_parquet(?, hive_partitioning = false)";

    private static final Set<String> INTEGERS = Set.of(
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
            "UHUGEINT");

    private final Path file;
    private final long rows;
    private final Map<String, String> columns;
    /** SQL expressions for the columns that are not read unchanged. */
    private final Map<String, String> expressions;

    private ParquetReader(Path file, long rows, Map<String, String> columns, Map<String, String> expressions) {
        this.file = file;
        this.rows = rows;
        this.columns = columns;
        this.expressions = expressions;
    }

    /**
     * Reads the footer of a file.
     *
     * @throws InputException if the file is missing, truncated, damaged or not a Parquet file
     */
    public static ParquetReader open(Path file) {
        return openEach(List.of(file)).get(0);
    }

    /**
     * Reads the footers of the files of a data set.
     *
     * @param path a Parquet file, or a folder of such files; see {@link ParquetFolder}
     * @return one reader per file, at least one
     * @throws InputException if there is no file, the folder has nested folders of Parquet files that may not belong to
     *     it, or a file cannot be read
     */
    public static List<ParquetReader> openAll(Path path) {
        if (!Files.isDirectory(path)) {
            return openEach(List.of(path));
        }
        try {
            List<Path> files = ParquetFolder.files(path);
            if (files.isEmpty()) {
                throw InputException.in(path, "no .parquet file in this folder");
            }
            return openEach(files);
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    private static List<ParquetReader> openEach(List<Path> files) {
        List<ParquetReader> readers = new ArrayList<>();
        try (DuckDBConnection connection = DuckDb.forReading()) {
            for (Path file : files) {
                readers.add(open(file, connection));
            }
            return readers;
        } catch (SQLException e) {
            throw unreadable(files.get(readers.size()), e);
        }
    }

    private static ParquetReader open(Path file, DuckDBConnection connection) throws SQLException {
        if (!Files.exists(file)) {
            throw InputException.in(file, "no such file");
        }
        if (Files.isDirectory(file)) {
            throw InputException.in(file, "is a folder; expected a Parquet file");
        }
        InputFiles.requireRegular(file);
        Map<String, String> columns = new LinkedHashMap<>();
        try (PreparedStatement query = prepare(connection, "DESCRIBE SELECT *" + FROM, file);
                ResultSet result = query.executeQuery()) {
            while (result.next()) {
                columns.put(result.getString("column_name"), result.getString("column_type"));
            }
        }
        try (PreparedStatement query = prepare(connection, "SELECT count(*)" + FROM, file);
                ResultSet result = query.executeQuery()) {
            result.next();
            return new ParquetReader(file, result.getLong(1), Collections.unmodifiableMap(columns), Map.of());
        }
    }

    /**
     * The same file with a numeric column read as DOUBLE.
     *
     * @throws InputException if the file has no such column, or the column is not numeric
     */
    public ParquetReader numbers(String name) {
        String type = type(name, "numbers");
        boolean number =
                INTEGERS.contains(type) || type.equals("FLOAT") || type.equals("DOUBLE") || type.startsWith("DECIMAL(");
        return cast(name, number, DuckDBColumnType.DOUBLE, "numbers");
    }

    /**
     * The same file with an integer column read as BIGINT.
     *
     * @throws InputException if the file has no such column, or the column does not contain integers
     */
    public ParquetReader integers(String name) {
        return cast(name, INTEGERS.contains(type(name, "whole numbers")), DuckDBColumnType.BIGINT, "whole numbers");
    }

    /**
     * The same file with a text column read as VARCHAR.
     *
     * @throws InputException if the file has no such column, or the column does not contain text
     */
    public ParquetReader texts(String name) {
        return cast(name, type(name, "text").equals("VARCHAR"), DuckDBColumnType.VARCHAR, "text");
    }

    /**
     * The same file with a column of numbers or text read as VARCHAR.
     *
     * @throws InputException if the file has no such column, or it contains something else
     */
    public ParquetReader asText(String name) {
        String type = type(name, "text or numbers");
        boolean fits = type.equals("VARCHAR") || type.equals("BOOLEAN") || INTEGERS.contains(type);
        return cast(name, fits, DuckDBColumnType.VARCHAR, "text or whole numbers");
    }

    /**
     * The same file with an SQL expression in place of a column.
     *
     * @param name of a column that the file has
     * @param type the type of {@code expression}
     * @param expression may name the columns of the file
     */
    public ParquetReader with(String name, DuckDBColumnType type, String expression) {
        Map<String, String> types = new LinkedHashMap<>(columns);
        types.put(name, type.name());
        Map<String, String> all = new LinkedHashMap<>(expressions);
        all.put(name, expression);
        return new ParquetReader(file, rows, Collections.unmodifiableMap(types), Map.copyOf(all));
    }

    /** The type of a column without values means nothing: many tools store an empty text column as integers. */
    private ParquetReader cast(String name, boolean fits, DuckDBColumnType type, String expected) {
        if (!fits && aggregate("count(" + quoted(name) + ")")[0] > 0) {
            throw InputException.in(file, "column " + name + " is " + columns.get(name) + ", expected " + expected);
        }
        return with(name, type, "CAST(" + quoted(name) + " AS " + type.name() + ")");
    }

    /**
     * The DuckDB type of a column.
     *
     * @param expected named in the message
     * @throws InputException if there is no such column
     */
    public String type(String name, String expected) {
        String type = columns.get(name);
        if (type == null) {
            throw InputException.in(file, "no column " + name + " (" + expected + "), found " + columns);
        }
        return type;
    }

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** The file's path as it was given. */
    public Path file() {
        return file;
    }

    /** The number of rows. */
    public long rows() {
        return rows;
    }

    /** The DuckDB types of the columns by name, in the order of the file. */
    public Map<String, String> columns() {
        return columns;
    }

    /**
     * Requires a column.
     *
     * @param name its name
     * @param types the accepted types
     * @return its type
     * @throws InputException if it is missing or of another type
     */
    public DuckDBColumnType require(String name, DuckDBColumnType... types) {
        String expected = Arrays.stream(types).map(Enum::name).collect(Collectors.joining(" or "));
        String actual = type(name, expected);
        return Arrays.stream(types)
                .filter(type -> type.name().equals(actual))
                .findFirst()
                .orElseThrow(
                        () -> InputException.in(file, "column " + name + " is " + actual + ", expected " + expected));
    }

    /**
     * Passes all rows to the reader, in order, in chunks of DuckDB's size.
     *
     * @param names the columns to read; the vectors of a chunk are in this order
     * @param reader receives every chunk, which must not be used after the call
     * @throws InputException if the data of the file is truncated or damaged; exceptions of {@code reader} pass through
     */
    public void scan(List<String> names, Consumer<DuckDBDataChunkReader> reader) {
        scanAll(List.of(this), names, (file, firstRow, chunk) -> reader.accept(chunk));
    }

    /** {@return the number of rows in all files} */
    public static long rows(List<ParquetReader> files) {
        return files.stream().mapToLong(ParquetReader::rows).sum();
    }

    /**
     * Whether the files of a data set have a column.
     *
     * @param files at least one
     * @throws InputException if only some of the files have it; names one of each
     */
    public static boolean have(List<ParquetReader> files, String column) {
        ParquetReader first = files.get(0);
        boolean has = first.columns.containsKey(column);
        for (ParquetReader file : files) {
            if (file.columns.containsKey(column) != has) {
                throw InputException.in(
                        file.file,
                        "has " + (has ? "no" : "a") + " column " + column + ", unlike " + first.file
                                + " in the same folder");
            }
        }
        return has;
    }

    /** Receives the chunks of several files. */
    @FunctionalInterface
    public interface FileChunks {
        /**
         * @param file the file that contains the rows
         * @param firstRow the position of the first row in that file, from 0
         * @param chunk the next rows of the file; must not be used after the call
         */
        void accept(ParquetReader file, long firstRow, DuckDBDataChunkReader chunk);
    }

    /**
     * Like {@link #scan}, file by file.
     *
     * @throws InputException if the data of a file is truncated or damaged, or its number of rows differs from that in
     *     its footer; exceptions of {@code reader} pass through
     */
    public static void scanAll(List<ParquetReader> files, List<String> names, FileChunks reader) {
        int done = 0;
        try (DuckDBConnection connection = DuckDb.forReading()) {
            for (ParquetReader file : files) {
                String select = names.stream()
                        .map(name -> file.expressions.getOrDefault(name, quoted(name)))
                        .collect(Collectors.joining(", ", "SELECT ", FROM));
                try (PreparedStatement query = prepare(connection, select, file.file);
                        DuckDBChunkedResult result =
                                query.unwrap(DuckDBPreparedStatement.class).query()) {
                    long row = 0;
                    while (result.nextChunk()) {
                        reader.accept(file, row, result.chunk());
                        row += result.chunk().rowCount();
                    }
                    if (row != file.rows) {
                        throw InputException.in(file.file, "has " + row + " rows, but its footer says " + file.rows);
                    }
                }
                done++;
            }
        } catch (SQLException e) {
            throw unreadable(files.get(done).file, e);
        }
    }

    /**
     * Computes aggregates over all rows.
     *
     * @param expressions SQL aggregates with integer results, such as {@code count(x)}
     * @return their values; 0 for NULL
     * @throws InputException if the data of the file is truncated or damaged
     */
    public long[] aggregate(String... expressions) {
        String select = "SELECT " + String.join(", ", expressions) + FROM;
        try (DuckDBConnection connection = DuckDb.forReading();
                PreparedStatement query = prepare(connection, select, file);
                ResultSet result = query.executeQuery()) {
            result.next();
            long[] values = new long[expressions.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = result.getLong(i + 1);
            }
            return values;
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
        return new InputException(file + " is truncated, corrupt or not a Parquet file: " + DuckDb.reason(e), e);
    }
}
