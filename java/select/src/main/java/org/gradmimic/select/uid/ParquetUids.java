package org.gradmimic.select.uid;

import java.util.List;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.TextLines;
import org.jspecify.annotations.Nullable;

/**
 * Uids in the column {@code uid} of Parquet files, one file after the other. A uid is 32 hexadecimal digits as text or
 * as bytes, or its 16 bytes, or a UUID of Parquet.
 */
public final class ParquetUids implements Uids {
    /** The column. */
    public static final String COLUMN = "uid";

    private final List<ParquetReader> files;

    /**
     * @param files in the order of the samples
     * @throws InputException if a file has no such column, or one of another type
     */
    public ParquetUids(List<ParquetReader> files) {
        this.files = files.stream().map(ParquetUids::asText).toList();
    }

    /**
     * The same file with its uids read as text; see {@link #read}.
     *
     * @throws InputException if it has no column {@code uid}, or one of another type
     */
    public static ParquetReader asText(ParquetReader file) {
        String bytes = "CASE WHEN octet_length(uid) = 16 THEN hex(uid) ELSE CAST(uid AS VARCHAR) END";
        return switch (file.type(COLUMN, "text")) {
            case "BLOB" -> file.with(COLUMN, DuckDBColumnType.VARCHAR, bytes);
            case "UUID" -> file.with(COLUMN, DuckDBColumnType.VARCHAR, "replace(CAST(uid AS VARCHAR), '-', '')");
            default -> file.texts(COLUMN);
        };
    }

    @Override
    public long size() {
        return ParquetReader.rows(files);
    }

    @Override
    public void forEach(UidConsumer action) {
        long[] next = {0};
        ParquetReader.scanAll(files, List.of(COLUMN), (file, row, chunk) -> {
            DuckDBReadableVector column = chunk.vector(0);
            for (long i = 0; i < chunk.rowCount(); i++) {
                String uid = read(file, column, i, row + i);
                action.accept(next[0]++, Uid.high(uid), Uid.low(uid));
            }
        });
    }

    /**
     * Reads a uid from a chunk.
     *
     * @param file named in the message; its uids are read {@link #asText}
     * @param column the chunk's vector of uids
     * @param row the row in the chunk
     * @param fileRow the row in the file, named in the message
     * @return 32 hexadecimal digits
     * @throws InputException if the value is something else
     */
    public static String read(ParquetReader file, DuckDBReadableVector column, long row, long fileRow) {
        @Nullable String uid = column.getString(row);
        if (uid == null || !Uid.isUid(uid)) {
            throw InputException.in(
                    file.file(),
                    "row " + fileRow + ": uid is "
                            + (uid == null ? "NULL" : "'" + TextLines.shown(uid) + "'")
                            + ", expected 32 hexadecimal digits");
        }
        return uid;
    }
}
