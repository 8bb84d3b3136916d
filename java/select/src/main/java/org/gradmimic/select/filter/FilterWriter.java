package org.gradmimic.select.filter;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Blocks;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyStream;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.sample.Draws;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSorter;
import org.gradmimic.select.uid.UidSubset;
import org.gradmimic.select.uid.Uids;

/** Writes filters, with one method for each format and kind. */
final class FilterWriter {
    private static final int BLOCK_BYTES = 1 << 16;

    private FilterWriter() {}

    static void npy(Path file, Filter filter) {
        try (NpyStream out = NpyStream.create(file, NpyType.BOOL, filter.samples())) {
            for (long i = 0; i < filter.samples(); i++) {
                out.next().put((byte) (filter.keeps(i) ? 1 : 0));
            }
            out.commit();
        }
    }

    static void npy(Path file, Filter filter, Uids uids) {
        try (UidSorter sorter = new UidSorter(file)) {
            addKept(sorter, filter, uids);
            sorter.write();
        }
    }

    static void parquet(Path file, Filter filter) {
        ParquetColumns.write(file, new Blocks(filter.samples()) {
            @Override
            ParquetColumns rows(long from, int count) {
                long[] ids = new long[count];
                boolean[] keep = new boolean[count];
                for (int i = 0; i < count; i++) {
                    ids[i] = from + i;
                    keep[i] = filter.keeps(from + i);
                }
                return new ParquetColumns().longs(FilterReader.SAMPLE_ID, ids).booleans(FilterReader.KEEP, keep);
            }
        });
    }

    static void parquet(Path file, UidSubset kept) {
        ParquetColumns.write(file, new Blocks(kept.size()) {
            @Override
            ParquetColumns rows(long from, int count) {
                String[] uids = new String[count];
                for (int i = 0; i < count; i++) {
                    uids[i] = Uid.format(kept.high(from + i), kept.low(from + i));
                }
                return new ParquetColumns().texts(ParquetUids.COLUMN, uids);
            }
        });
    }

    static void npy(Path file, Draws draws) {
        DrawnNumbers numbers = new DrawnNumbers(draws);
        try (NpyStream out = NpyStream.create(file, NpyType.INT64, draws.size())) {
            for (long i = 0; i < draws.size(); i++) out.next().putLong(numbers.next());
            out.commit();
        }
    }

    static void npy(Path file, Draws draws, Uids uids) {
        try (UidSorter sorter = new UidSorter(file)) {
            addDrawn(sorter, draws, uids);
            sorter.write();
        }
    }

    static void parquet(Path file, Draws draws) {
        DrawnNumbers numbers = new DrawnNumbers(draws);
        ParquetColumns.write(file, new Blocks(draws.size()) {
            @Override
            ParquetColumns rows(long from, int count) {
                long[] ids = new long[count];
                for (int i = 0; i < count; i++) ids[i] = numbers.next();
                return new ParquetColumns().longs(FilterReader.SAMPLE_ID, ids);
            }
        });
    }

    static void text(Path file, Draws draws) {
        DrawnNumbers numbers = new DrawnNumbers(draws);
        lines(file, line -> {
            for (long i = 0; i < draws.size(); i++) line.accept(Long.toString(numbers.next()));
        });
    }

    static UidSubset drawn(Draws draws, Uids uids) {
        return UidSubset.collect(sorter -> addDrawn(sorter, draws, uids));
    }

    private static void addDrawn(UidSorter sorter, Draws draws, Uids uids) {
        Draws.Cursor counts = draws.cursor();
        uids.forEach((sample, high, low) -> {
            for (long left = counts.next(); left > 0; left--) sorter.add(high, low);
        });
    }

    static void text(Path file, Filter filter) {
        lines(file, line -> filter.forEachKept(sample -> line.accept(Long.toString(sample))));
    }

    static void text(Path file, UidSubset kept) {
        lines(file, line -> kept.forEach((i, high, low) -> line.accept(Uid.format(high, low))));
    }

    static UidSubset kept(Filter filter, Uids uids) {
        return UidSubset.collect(sorter -> addKept(sorter, filter, uids));
    }

    private static void addKept(UidSorter sorter, Filter filter, Uids uids) {
        uids.forEach((sample, high, low) -> {
            if (filter.keeps(sample)) {
                sorter.add(high, low);
            }
        });
    }

    /** Writes lines of text in UTF-8. */
    static void lines(Path path, Consumer<Consumer<String>> source) {
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        long[] position = {0};
        try (AtomicFile file = AtomicFile.create(path)) {
            source.accept(line -> {
                byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
                if (block.remaining() <= bytes.length) {
                    position[0] += write(file, block, position[0]);
                }
                if (block.remaining() <= bytes.length) {
                    file.writeAt(ByteBuffer.wrap(bytes), position[0]);
                    position[0] += bytes.length;
                } else {
                    block.put(bytes);
                }
                block.put((byte) '\n');
            });
            write(file, block, position[0]);
            file.commit();
        }
    }

    private static int write(AtomicFile file, ByteBuffer block, long position) {
        int count = block.flip().remaining();
        file.writeAt(block, position);
        block.clear();
        return count;
    }

    /** Rows in blocks; there is at least one block. */
    private abstract static class Blocks implements Iterator<ParquetColumns> {
        private static final int BLOCK = 1 << 16;

        private final long total;
        private long next;
        private boolean begun;

        Blocks(long total) {
            this.total = total;
        }

        abstract ParquetColumns rows(long from, int count);

        @Override
        public boolean hasNext() {
            return !begun || next < total;
        }

        @Override
        public ParquetColumns next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            begun = true;
            int count = (int) Math.min(BLOCK, total - next);
            ParquetColumns rows = rows(next, count);
            next += count;
            return rows;
        }
    }
}
