package org.gradmimic.select.uid;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyFile;

/**
 * A DataComp subset file: a sorted {@code .npy} of dtype {@code u8,u8}, duplicates allowed.
 *
 * <p>A file of at most a quarter of Java's memory limit is read. A larger one is mapped and searched in place, so a subset
 * larger than memory is not a special case. Such a file must not be truncated while it is used: the system would end the
 * JVM.
 */
public final class UidSubset implements Uids {
    /** The number of uids in one mapping: 1 GiB. */
    private static final int CHUNK_BITS = 26;

    private static final long CHUNK = 1L << CHUNK_BITS;
    private static final int BYTES = 16;

    /** Files of at most this share of the memory limit are read. */
    private static final int SHARE = 4;

    /** At most this many leading bits are looked up instead of searched: 8 MB. */
    private static final int MAX_INDEX_BITS = 20;

    /** An entry of the index covers fewer than 2^this many uids, if uids are evenly distributed. */
    private static final int BUCKET_BITS = 3;

    private final ByteBuffer[] chunks;
    private final long size;
    private final int indexBits;
    /** [2^indexBits + 1] the first position whose uid has these leading bits or higher ones. */
    private final long[] index;

    private UidSubset(ByteBuffer[] chunks, long size) {
        this.chunks = chunks;
        this.size = size;
        this.indexBits =
                Math.max(0, Math.min(MAX_INDEX_BITS, Long.SIZE - Long.numberOfLeadingZeros(size) - BUCKET_BITS));
        this.index = new long[(1 << indexBits) + 1];
        int next = 0;
        for (long i = 0; i < size; i++) {
            for (int bucket = bucket(high(i)); next <= bucket; next++) {
                index[next] = i;
            }
        }
        Arrays.fill(index, next, index.length, size);
    }

    /**
     * Opens a subset and reads it once, because a search in a file that is not sorted would silently miss samples.
     *
     * @throws InputException if it is missing, truncated, of another dtype or not sorted
     */
    public static UidSubset open(Path path) {
        UidSubset subset = open(path, Runtime.getRuntime().maxMemory() / SHARE);
        for (long i = 1; i < subset.size; i++) {
            if (Uid.compare(subset.high(i - 1), subset.low(i - 1), subset.high(i), subset.low(i)) > 0) {
                throw InputException.in(
                        path,
                        "is not sorted: row " + i + ", "
                                + Uid.format(subset.high(i), subset.low(i)) + ", belongs before row " + (i - 1)
                                + " (in NumPy: a.sort())");
            }
        }
        return subset;
    }

    /**
     * Sorts uids into a subset in the system's folder for temporary files. It takes 16 bytes per uid until it is no
     * longer used.
     *
     * @param source adds the uids, in any order
     */
    public static UidSubset collect(Consumer<UidSorter> source) {
        try {
            Path folder = Files.createTempDirectory("gradmimic-uids");
            Path file = folder.resolve("uids.npy");
            try (UidSorter sorter = new UidSorter(file)) {
                source.accept(sorter);
                sorter.write();
                return open(file, 0); // nobody else has it
            } finally {
                Files.deleteIfExists(file); // the mapping stays
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new InputException("cannot use " + System.getProperty("java.io.tmpdir") + ": " + e.getMessage(), e);
        }
    }

    /** {@return every uid that is in at least one of the subsets, once} */
    public static UidSubset union(List<UidSubset> subsets) {
        UidSubset all =
                collect(sorter -> subsets.forEach(subset -> subset.forEach((i, high, low) -> sorter.add(high, low))));
        return collect(sorter -> all.forEach((i, high, low) -> {
            if (all.isFirst(i)) {
                sorter.add(high, low);
            }
        }));
    }

    /** @param most the number of bytes up to which the file is read, not mapped */
    private static UidSubset open(Path path, long most) {
        try (NpyFile file = NpyUids.open(path)) {
            long size = file.rows();
            ByteBuffer[] chunks = new ByteBuffer[(int) (size + CHUNK - 1 >>> CHUNK_BITS)];
            for (int i = 0; i < chunks.length; i++) {
                long from = i * CHUNK;
                long to = Math.min(size, from + CHUNK);
                chunks[i] = size * BYTES > most ? file.rows(from, to) : read(file, from, to);
            }
            return new UidSubset(chunks, size);
        }
    }

    private static ByteBuffer read(NpyFile file, long from, long to) {
        ByteBuffer chunk = ByteBuffer.allocateDirect((int) (to - from) * BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.read(from, to, chunk);
        return chunk.flip();
    }

    /** The number of uids, duplicates included. */
    @Override
    public long size() {
        return size;
    }

    @Override
    public void forEach(UidConsumer action) {
        for (long i = 0; i < size; i++) {
            action.accept(i, high(i), low(i));
        }
    }

    /** {@return the first 64 bits of the i-th uid} */
    public long high(long i) {
        return chunks[(int) (i >>> CHUNK_BITS)].getLong((int) (i & CHUNK - 1) * BYTES);
    }

    /** {@return the last 64 bits of the i-th uid} */
    public long low(long i) {
        return chunks[(int) (i >>> CHUNK_BITS)].getLong((int) (i & CHUNK - 1) * BYTES + Long.BYTES);
    }

    /** Whether a uid is in the subset. */
    public boolean contains(long high, long low) {
        return find(high, low) >= 0;
    }

    /** {@return the first position of a uid, −1 if it is not in the subset} */
    public long find(long high, long low) {
        long at = search(high, low);
        return at < size && compareAt(at, high, low) == 0 ? at : -1;
    }

    /** Whether the uid at a position is its first occurrence. */
    public boolean isFirst(long i) {
        return i == 0 || compareAt(i - 1, high(i), low(i)) != 0;
    }

    /** How many times a uid is in the subset. DataComp's resharder writes the sample that often. */
    public long count(long high, long low) {
        long from = search(high, low);
        long to = from;
        while (to < size && compareAt(to, high, low) == 0) {
            to++;
        }
        return to - from;
    }

    /** {@return the SHA-256 of all uids, in hexadecimal digits, which distinguishes one subset from another} */
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (ByteBuffer chunk : chunks) {
                digest.update(chunk.duplicate());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java has it
        }
    }

    /** The lowest position whose uid is not before this one; the size if there is none. */
    private long search(long high, long low) {
        int bucket = bucket(high);
        long from = index[bucket];
        long to = index[bucket + 1];
        while (from < to) {
            long middle = from + to >>> 1;
            if (compareAt(middle, high, low) < 0) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }

    /** The leading bits as a number. A shift by 64 would shift by 0. */
    private int bucket(long high) {
        return (int) (high >>> 1 >>> Long.SIZE - 1 - indexBits);
    }

    private int compareAt(long i, long high, long low) {
        return Uid.compare(high(i), low(i), high, low);
    }
}
