package org.gradmimic.select.filter;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.select.Filter;
import org.gradmimic.select.InputException;
import org.gradmimic.select.ParquetReader;
import org.gradmimic.select.TextLines;
import org.gradmimic.select.npy.NpyFile;
import org.gradmimic.select.npy.NpyType;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;

/** Reads filters, a format and kind each. */
final class FilterReader {
    /** The number of samples is not known beside the file. */
    static final long UNKNOWN = -1;

    static final String SAMPLE_ID = "sample_id";
    static final String KEEP = "keep";
    private static final long BLOCK = 1 << 20;
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private FilterReader() {}

    static boolean isUidNpy(Path file) {
        try (NpyFile npy = openNpy(file)) {
            return npy.type() == NpyType.UINT64_PAIR;
        }
    }

    static boolean isUidParquet(Path file) {
        return ParquetReader.open(file).columns().containsKey(ParquetUids.COLUMN);
    }

    /** The first line decides, and the others have to agree; no line at all is a list of numbers. */
    static boolean isUidText(Path file) {
        return Uid.isUid(TextLines.first(file));
    }

    private static NpyFile openNpy(Path file) {
        NpyFile npy = NpyFile.open(file);
        try {
            if (npy.type() != NpyType.BOOL && npy.type() != NpyType.UINT64_PAIR) {
                throw new InputException(
                        file + ": has dtype " + npy.type().code() + "; expected booleans (b1), or uids (u8,u8)");
            }
            return npy.requireRank(1);
        } catch (RuntimeException e) {
            npy.close();
            throw e;
        }
    }

    static OptionalLong npySamples(Path file) {
        try (NpyFile npy = openNpy(file)) {
            return npy.type() == NpyType.BOOL ? OptionalLong.of(npy.rows()) : OptionalLong.empty();
        }
    }

    static OptionalLong parquetSamples(Path file) {
        ParquetReader reader = ParquetReader.open(file);
        boolean flags = reader.columns().containsKey(SAMPLE_ID)
                && reader.columns().containsKey(KEEP)
                && !reader.columns().containsKey(ParquetUids.COLUMN);
        return flags ? OptionalLong.of(reader.rows()) : OptionalLong.empty();
    }

    static Filter npy(Path file, long samples) {
        try (NpyFile npy = openNpy(file)) {
            if (npy.type() == NpyType.UINT64_PAIR) {
                throw needsPool(file);
            }
            requireSamples(file, npy.rows(), samples);
            Filter.Builder filter = Filter.builder(npy.rows());
            for (long from = 0; from < npy.rows(); from += BLOCK) {
                ByteBuffer bytes = npy.rows(from, Math.min(npy.rows(), from + BLOCK));
                for (long i = from; bytes.hasRemaining(); i++) {
                    if (bytes.get() != 0) {
                        filter.set(i, true);
                    }
                }
            }
            return filter.build();
        }
    }

    static Filter parquet(Path file, long samples) {
        ParquetReader reader = ParquetReader.open(file);
        if (reader.columns().containsKey(ParquetUids.COLUMN)) {
            throw needsPool(file);
        }
        reader.require(SAMPLE_ID, DuckDBColumnType.BIGINT, DuckDBColumnType.INTEGER);
        if (reader.columns().containsKey(KEEP)) {
            requireSamples(file, reader.rows(), samples);
            return flags(reader);
        }
        Filter.Builder filter = Filter.builder(requireKnown(file, samples));
        scanIds(reader, List.of(SAMPLE_ID), samples, (row, id, chunkRow, columns) -> filter.set(id, true));
        return filter.build();
    }

    /** A row a sample, in any order; every sample once. */
    private static Filter flags(ParquetReader reader) {
        reader.require(KEEP, DuckDBColumnType.BOOLEAN);
        Filter.Builder seen = Filter.builder(reader.rows());
        Filter.Builder filter = Filter.builder(reader.rows());
        scanIds(reader, List.of(SAMPLE_ID, KEEP), reader.rows(), (row, id, chunkRow, columns) -> {
            if (seen.keeps(id)) {
                throw new InputException(reader.file() + ": row " + row + ": sample " + id + " was there already");
            }
            seen.set(id, true);
            filter.set(id, flag(reader, columns[1], chunkRow, row));
        });
        return filter.build();
    }

    static Filter text(Path file, long samples) {
        if (isUidText(file)) {
            throw needsPool(file);
        }
        Filter.Builder filter = Filter.builder(requireKnown(file, samples));
        TextLines.forEach(file, (line, text) -> {
            if (!NUMBER.matcher(text).matches() || Long.parseLong(text) >= samples) {
                throw new InputException(file + ": line " + line + " is '" + TextLines.shown(text)
                        + "', expected a sample number from 0 to " + (samples - 1));
            }
            filter.set(Long.parseLong(text), true);
        });
        return filter.build();
    }

    static UidSubset uidParquet(Path file) {
        ParquetReader reader = ParquetReader.open(file);
        reader.require(ParquetUids.COLUMN, DuckDBColumnType.VARCHAR);
        boolean flagged = reader.columns().containsKey(KEEP);
        if (flagged) {
            reader.require(KEEP, DuckDBColumnType.BOOLEAN);
        }
        List<String> names = flagged ? List.of(ParquetUids.COLUMN, KEEP) : List.of(ParquetUids.COLUMN);
        return UidSubset.collect(sorter -> {
            long[] row = {0};
            reader.scan(names, chunk -> {
                DuckDBReadableVector uids = chunk.vector(0);
                for (long i = 0; i < chunk.rowCount(); i++, row[0]++) {
                    if (!flagged || flag(reader, chunk.vector(1), i, row[0])) {
                        String uid = ParquetUids.read(reader, uids, i, row[0]);
                        sorter.add(Uid.high(uid), Uid.low(uid));
                    }
                }
            });
        });
    }

    private interface IdRow {
        void accept(long row, long id, long chunkRow, DuckDBReadableVector[] columns);
    }

    /** Shows every row's sample number, which is 0 or more and less than {@code samples}. */
    private static void scanIds(ParquetReader reader, List<String> names, long samples, IdRow action) {
        boolean wide =
                reader.require(SAMPLE_ID, DuckDBColumnType.BIGINT, DuckDBColumnType.INTEGER) == DuckDBColumnType.BIGINT;
        long[] row = {0};
        reader.scan(names, chunk -> {
            DuckDBReadableVector[] columns = new DuckDBReadableVector[names.size()];
            for (int c = 0; c < columns.length; c++) {
                columns[c] = chunk.vector(c);
            }
            for (long i = 0; i < chunk.rowCount(); i++, row[0]++) {
                long id = columns[0].isNull(i) ? UNKNOWN : wide ? columns[0].getLong(i) : columns[0].getInt(i);
                if (id < 0 || id >= samples) {
                    throw new InputException(reader.file() + ": row " + row[0] + ": " + SAMPLE_ID + " is "
                            + (columns[0].isNull(i) ? "NULL" : id) + ", expected 0 to " + (samples - 1));
                }
                action.accept(row[0], id, i, columns);
            }
        });
    }

    private static boolean flag(ParquetReader reader, DuckDBReadableVector column, long chunkRow, long row) {
        if (column.isNull(chunkRow)) {
            throw new InputException(reader.file() + ": row " + row + ": " + KEEP + " is NULL");
        }
        return column.getBoolean(chunkRow);
    }

    private static InputException needsPool(Path file) {
        return new InputException(
                file + ": is a list of uids; to number its samples the uids of the whole pool are needed");
    }

    private static long requireKnown(Path file, long samples) {
        if (samples == UNKNOWN) {
            throw new InputException(file + ": lists the kept samples only; the number of all samples is needed");
        }
        return samples;
    }

    private static void requireSamples(Path file, long actual, long expected) {
        if (expected != UNKNOWN && actual != expected) {
            throw new InputException(file + ": is over " + actual + " samples, expected " + expected);
        }
    }
}
