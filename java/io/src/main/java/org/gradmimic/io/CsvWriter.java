package org.gradmimic.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * A CSV file (RFC 4180, UTF-8, lines end with a line feed) that is whole or absent. It is written row by row, in
 * constant memory. A value is quoted where it has a comma, a quote or a line break.
 */
public final class CsvWriter implements AutoCloseable {
    private static final int BLOCK = 1 << 16;

    private final AtomicFile file;
    private final int columns;
    private final StringBuilder block = new StringBuilder();
    private long position;

    /**
     * Begins a file.
     *
     * @param path the final name, in an existing folder
     * @param columns the names of the columns, which become the first line
     * @throws InputException if the file cannot be written
     */
    public CsvWriter(Path path, String... columns) {
        file = AtomicFile.create(path);
        this.columns = columns.length;
        row((Object[]) columns);
    }

    /**
     * Appends a row. Null becomes an empty value; other values are written as their {@code toString}.
     *
     * @throws InvalidArgumentException if there are more or fewer values than columns
     * @throws InputException if the file cannot be written
     */
    public void row(@Nullable Object... values) {
        if (values.length != columns) {
            throw new InvalidArgumentException(values.length + " values in a row of " + columns + " columns");
        }
        for (int i = 0; i < values.length; i++) {
            if (i > 0) block.append(',');
            if (values[i] != null) append(values[i].toString());
        }
        block.append('\n');
        if (block.length() >= BLOCK) flush();
    }

    private void append(String value) {
        boolean plain = value.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        if (plain) block.append(value);
        else block.append('"').append(value.replace("\"", "\"\"")).append('"');
    }

    private void flush() {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(block.toString());
        int count = bytes.remaining();
        file.writeAt(bytes, position);
        position += count;
        block.setLength(0);
    }

    /**
     * Moves the file to its name.
     *
     * @throws InputException if that fails
     */
    public void commit() {
        flush();
        file.commit();
    }

    /** Drops the file unless it was committed. */
    @Override
    public void close() {
        file.close();
    }
}
