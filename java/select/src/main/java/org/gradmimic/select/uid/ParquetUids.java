package org.gradmimic.select.uid;

import java.util.List;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.TextLines;
import org.jspecify.annotations.Nullable;

/** Uids in the text column {@code uid} of Parquet files, one file after the other. */
public final class ParquetUids implements Uids {
    /** The column. */
    public static final String COLUMN = "uid";

    private final List<ParquetReader> files;

    /**
     * @param files in the order of the samples
     * @throws InputException if one has no such column, or one that is no text
     */
    public ParquetUids(List<ParquetReader> files) {
        this.files = List.copyOf(files);
        files.forEach(file -> file.require(COLUMN, DuckDBColumnType.VARCHAR));
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
     * A uid out of a chunk.
     *
     * @param file named in the message
     * @param column the chunk's vector of uids
     * @param row the row in the chunk
     * @param fileRow the row in the file, named in the message
     * @return 32 hexadecimal digits
     * @throws InputException if it is something else
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
