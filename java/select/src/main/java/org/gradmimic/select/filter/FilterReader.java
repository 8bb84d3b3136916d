package org.gradmimic.select.filter;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.TextLines;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;

/** Reads filters, with one method for each format and kind. */
final class FilterReader {
    /** The number of samples is not known from elsewhere. */
    static final long UNKNOWN = -1;

    static final String SAMPLE_ID = "sample_id";
    static final String KEEP = "keep";
    private static final int BLOCK = 1 << 20;
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private FilterReader() {}

    static boolean isUidNpy(Path file) {
        try (NpyFile npy = openNpy(file)) {
            return npy.type() == NpyType.UINT64_PAIR;
        }
    }

    static boolean isUidParquet(Path file) {
        return ParquetReader.have(ParquetReader.openAll(file), ParquetUids.COLUMN);
    }

    /**
     * Whether a text file is a list of uids. The first line decides, and the other lines must agree. A file without
     * lines is a list of numbers.
     */
    static boolean isUidText(Path file) {
        return Uid.isUid(TextLines.first(file));
    }

    /** Whether a file contains the numbers of samples, as for a subset with repeats. */
    static boolean isNumbersNpy(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.type().isInteger() && npy.rank() == 1;
        }
    }

    static long[] numbers(Path file, long samples) {
        try (NpyFile npy = NpyFile.open(file)) {
            long[] numbers = npy.readLongs();
            for (int i = 0; i < numbers.length; i++) {
                if (numbers[i] < 0 || numbers[i] >= samples) {
                    throw InputException.at(
                            file, "element", i, "is " + numbers[i] + ", expected 0 to " + (samples - 1));
                }
            }
            return numbers;
        }
    }

    private static NpyFile openNpy(Path file) {
        NpyFile npy = NpyFile.open(file);
        try {
            if (npy.type() != NpyType.BOOL && npy.type() != NpyType.UINT64_PAIR) {
                throw InputException.in(
                        file,
                        "has dtype " + npy.type().code() + "; expected booleans (b1), or uids (u8,u8)"
                                + (npy.type().isInteger() && npy.rank() == 1
                                        ? "; numbers of samples, which may repeat, are no filter"
                                        : ""));
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
        List<ParquetReader> files = ParquetReader.openAll(file);
        boolean flags = ParquetReader.have(files, SAMPLE_ID)
                && ParquetReader.have(files, KEEP)
                && !ParquetReader.have(files, ParquetUids.COLUMN);
        return flags ? OptionalLong.of(ParquetReader.rows(files)) : OptionalLong.empty();
    }

    static Filter npy(Path file, long samples) {
        try (NpyFile npy = openNpy(file)) {
            if (npy.type() == NpyType.UINT64_PAIR) {
                throw needsPool(file);
            }
            requireSamples(file, npy.rows(), samples);
            Filter.Builder filter = Filter.builder(npy.rows());
            ByteBuffer bytes = ByteBuffer.allocate(BLOCK);
            for (long from = 0; from < npy.rows(); from += BLOCK) {
                npy.read(from, Math.min(npy.rows(), from + BLOCK), bytes.clear());
                bytes.flip();
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
        List<ParquetReader> files = ParquetReader.openAll(file);
        if (ParquetReader.have(files, ParquetUids.COLUMN)) {
            throw needsPool(file);
        }
        files = files.stream().map(part -> part.integers(SAMPLE_ID)).toList();
        if (ParquetReader.have(files, KEEP)) {
            requireSamples(file, ParquetReader.rows(files), samples);
            return flags(files);
        }
        Filter.Builder filter = Filter.builder(requireKnown(file, samples));
        scanIds(files, List.of(SAMPLE_ID), samples, (part, row, id, chunkRow, chunk) -> {
            if (filter.keeps(id)) throw Repeats.number(part.file(), "row", row, id);
            filter.set(id, true);
        });
        return filter.build();
    }

    /** Reads one row per sample, in any order. Every sample must occur once. */
    private static Filter flags(List<ParquetReader> files) {
        files.forEach(part -> part.require(KEEP, DuckDBColumnType.BOOLEAN));
        long samples = ParquetReader.rows(files);
        Filter.Builder seen = Filter.builder(samples);
        Filter.Builder filter = Filter.builder(samples);
        scanIds(files, List.of(SAMPLE_ID, KEEP), samples, (part, row, id, chunkRow, chunk) -> {
            if (seen.keeps(id)) {
                throw InputException.in(part.file(), "row " + row + ": sample " + id + " occurs twice");
            }
            seen.set(id, true);
            filter.set(id, flag(part, chunk.vector(1), chunkRow, row));
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
                throw InputException.in(
                        file,
                        "line " + line + " is '" + TextLines.shown(text) + "', expected a sample number from 0 to "
                                + (samples - 1));
            }
            long sample = Long.parseLong(text);
            if (filter.keeps(sample)) throw Repeats.number(file, "line", line, sample);
            filter.set(sample, true);
        });
        return filter.build();
    }

    static UidSubset uidParquet(Path file) {
        List<ParquetReader> files =
                ParquetReader.openAll(file).stream().map(ParquetUids::asText).toList();
        boolean flagged = ParquetReader.have(files, KEEP);
        if (flagged) {
            files.forEach(part -> part.require(KEEP, DuckDBColumnType.BOOLEAN));
        }
        List<String> names = flagged ? List.of(ParquetUids.COLUMN, KEEP) : List.of(ParquetUids.COLUMN);
        return UidSubset.collect(sorter -> ParquetReader.scanAll(files, names, (part, row, chunk) -> {
            DuckDBReadableVector uids = chunk.vector(0);
            for (long i = 0; i < chunk.rowCount(); i++) {
                if (!flagged || flag(part, chunk.vector(1), i, row + i)) {
                    String uid = ParquetUids.read(part, uids, i, row + i);
                    sorter.add(Uid.high(uid), Uid.low(uid));
                }
            }
        }));
    }

    private interface IdRow {
        void accept(ParquetReader part, long row, long id, long chunkRow, DuckDBDataChunkReader chunk);
    }

    /**
     * Passes the sample number of every row, which is at least 0 and less than {@code samples}, to the consumer. {@code
     * names} begins with that column.
     */
    private static void scanIds(List<ParquetReader> files, List<String> names, long samples, IdRow action) {
        ParquetReader.scanAll(files, names, (part, firstRow, chunk) -> {
            DuckDBReadableVector ids = chunk.vector(0);
            for (long i = 0; i < chunk.rowCount(); i++) {
                long row = firstRow + i;
                long id = ids.isNull(i) ? UNKNOWN : ids.getLong(i);
                if (id < 0 || id >= samples) {
                    throw InputException.in(
                            part.file(),
                            "row " + row + ": " + SAMPLE_ID + " is " + (ids.isNull(i) ? "NULL" : id)
                                    + ", expected 0 to " + (samples - 1));
                }
                action.accept(part, row, id, i, chunk);
            }
        });
    }

    private static boolean flag(ParquetReader reader, DuckDBReadableVector column, long chunkRow, long row) {
        if (column.isNull(chunkRow)) {
            throw InputException.in(reader.file(), "row " + row + ": " + KEEP + " is NULL");
        }
        return column.getBoolean(chunkRow);
    }

    private static InputException needsPool(Path file) {
        return InputException.in(
                file, "is a list of uids; to number its samples the uids of the whole pool are needed");
    }

    private static long requireKnown(Path file, long samples) {
        if (samples == UNKNOWN) {
            throw InputException.in(file, "lists the kept samples only; the number of all samples is needed");
        }
        return samples;
    }

    private static void requireSamples(Path file, long actual, long expected) {
        if (expected != UNKNOWN && actual != expected) {
            throw InputException.in(file, "is over " + actual + " samples, expected " + expected);
        }
    }
}
