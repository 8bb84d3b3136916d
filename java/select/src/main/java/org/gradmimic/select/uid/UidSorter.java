package org.gradmimic.select.uid;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.npy.NpyStream;
import org.gradmimic.io.npy.NpyType;
import org.jspecify.annotations.Nullable;

/**
 * Sorts any number of uids into a subset file. Runs of a few million are sorted in memory, stored in a hidden file
 * beside the target, and merged. Duplicates are kept. The target is whole or absent.
 */
public final class UidSorter implements AutoCloseable {
    /** The number of uids in a run: 64 MB. */
    private static final int RUN = 1 << 22;

    private static final int BYTES = 16;
    /** The number of uids that the reader of a run holds. */
    private static final int READ_AHEAD = 1 << 12;

    private final Path target;
    private final int runLength;
    private long[] high;
    private long[] low;
    private int count;
    private long size;
    private final List<Long> runEnds = new ArrayList<>();
    private @Nullable AtomicFile spill;

    /** @param target the subset file to write; its folder must exist */
    public UidSorter(Path target) {
        this(target, RUN);
    }

    UidSorter(Path target, int runLength) {
        this.target = target;
        this.runLength = runLength;
        this.high = new long[Math.min(runLength, 1 << 10)];
        this.low = new long[high.length];
    }

    /**
     * Adds a uid.
     *
     * @throws InputException if a run cannot be written
     */
    public void add(long highBits, long lowBits) {
        if (count == runLength) {
            putAside();
        }
        if (count == high.length) {
            int length = (int) Math.min(runLength, 2L * count);
            high = Arrays.copyOf(high, length);
            low = Arrays.copyOf(low, length);
        }
        high[count] = highBits;
        low[count++] = lowBits;
        size++;
    }

    /** The number of uids so far. */
    public long size() {
        return size;
    }

    /**
     * Writes all uids in order to the target. Nothing may be added afterwards.
     *
     * @throws InputException if the target cannot be written; an existing file of that name is then untouched
     */
    public void write() {
        try (NpyStream out = NpyStream.create(target, NpyType.UINT64_PAIR, size)) {
            UidRadixSort.sort(high, low, count);
            if (runEnds.isEmpty()) {
                for (int i = 0; i < count; i++) {
                    out.next().putLong(high[i]).putLong(low[i]);
                }
            } else {
                merge(out);
            }
            out.commit();
        }
    }

    private void merge(NpyStream out) {
        PriorityQueue<Run> runs = new PriorityQueue<>();
        long start = 0;
        for (long end : runEnds) {
            runs.add(new Run(start, end));
            start = end;
        }
        int next = 0;
        while (!runs.isEmpty()) {
            Run first = runs.poll();
            while (next < count && Uid.compare(high[next], low[next], first.high, first.low) < 0) {
                out.next().putLong(high[next]).putLong(low[next++]);
            }
            out.next().putLong(first.high).putLong(first.low);
            if (first.advance()) {
                runs.add(first);
            }
        }
        while (next < count) {
            out.next().putLong(high[next]).putLong(low[next++]);
        }
    }

    private void putAside() {
        UidRadixSort.sort(high, low, count);
        AtomicFile file = spill;
        if (file == null) {
            file = AtomicFile.scratch(target, ".sort");
            spill = file;
        }
        ByteBuffer block = ByteBuffer.allocate(READ_AHEAD * BYTES);
        long position = (size - count) * BYTES;
        for (int i = 0; i < count; position += block.limit()) {
            block.clear();
            for (; i < count && block.hasRemaining(); i++) {
                block.putLong(high[i]).putLong(low[i]);
            }
            file.writeAt(block.flip(), position);
        }
        runEnds.add(size);
        count = 0;
    }

    private InputException failure(IOException e) {
        return new InputException(
                "cannot sort " + size + " uids beside " + target + ": "
                        + (e.getMessage() == null ? e.toString() : e.getMessage()),
                e);
    }

    /** Removes the temporary files. A second call does nothing. */
    @Override
    public void close() {
        if (spill != null) {
            spill.close();
        }
    }

    /** A sorted run in the file, with its first uid that is not yet taken. */
    private final class Run implements Comparable<Run> {
        private final ByteBuffer block = ByteBuffer.allocate(READ_AHEAD * BYTES)
                .order(ByteOrder.BIG_ENDIAN)
                .limit(0);
        private long next;
        private final long end;
        private long high;
        private long low;

        Run(long start, long end) {
            this.next = start;
            this.end = end;
            advance();
        }

        boolean advance() {
            if (!block.hasRemaining()) {
                if (next == end) {
                    return false;
                }
                block.clear().limit((int) Math.min(block.capacity(), (end - next) * BYTES));
                read();
                next += block.flip().remaining() / BYTES;
            }
            high = block.getLong();
            low = block.getLong();
            return true;
        }

        private void read() {
            try {
                long from = next * BYTES;
                while (block.hasRemaining()) {
                    if (Objects.requireNonNull(spill).channel().read(block, from + block.position()) < 0) {
                        throw new IOException("the temporary file was truncated");
                    }
                }
            } catch (IOException e) {
                throw failure(e);
            }
        }

        @Override
        public int compareTo(Run other) {
            return Uid.compare(high, low, other.high, other.low);
        }
    }
}
