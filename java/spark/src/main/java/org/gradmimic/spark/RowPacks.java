package org.gradmimic.spark;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Rows on their way to the blocks they belong to. Up to {@value #ROWS_PER_PACK} rows are packed in one array: 16 bytes
 * each, without objects. Not thread-safe.
 */
final class RowPacks {

    private static final int ROW_BYTES = Integer.BYTES + Float.BYTES + Long.BYTES;
    private static final int ROWS_PER_PACK = 1 << 16;
    private static final int FIRST_ROWS = 64;

    private final @Nullable ByteBuffer[] open;
    private final List<Tuple2<Integer, byte[]>> packs = new ArrayList<>();

    RowPacks(int blocks) {
        open = new ByteBuffer[blocks];
    }

    /** Receives the rows of a pack. */
    @FunctionalInterface
    interface RowVisitor {
        void row(int cell, float value, long place);
    }

    /**
     * @param cell the position of the value in the block
     * @param place the position of the row in the log
     */
    void add(int block, int cell, float value, long place) {
        ByteBuffer pack = open[block];
        if (pack == null) {
            pack = ByteBuffer.allocate(FIRST_ROWS * ROW_BYTES);
            open[block] = pack;
        } else if (!pack.hasRemaining()) {
            if (pack.capacity() < ROWS_PER_PACK * ROW_BYTES) {
                pack = ByteBuffer.allocate(2 * pack.capacity()).put(pack.flip());
                open[block] = pack;
            } else {
                close(block, pack);
                pack.clear();
            }
        }
        pack.putInt(cell).putFloat(value).putLong(place);
    }

    /** {@return all packs with the numbers of their blocks; nothing may be added afterwards} */
    Iterator<Tuple2<Integer, byte[]>> finish() {
        for (int block = 0; block < open.length; block++) {
            ByteBuffer pack = open[block];
            if (pack != null) {
                close(block, pack);
                open[block] = null;
            }
        }
        return packs.iterator();
    }

    private void close(int block, ByteBuffer pack) {
        packs.add(new Tuple2<>(block, Arrays.copyOf(pack.array(), pack.position())));
    }

    static void forEachRow(byte[] pack, RowVisitor visitor) {
        ByteBuffer rows = ByteBuffer.wrap(pack);
        while (rows.hasRemaining()) {
            visitor.row(rows.getInt(), rows.getFloat(), rows.getLong());
        }
    }
}
