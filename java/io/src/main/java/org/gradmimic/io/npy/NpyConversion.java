package org.gradmimic.io.npy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.gradmimic.base.InputException;

/** Copies the elements of an array, row by row and little-endian, into an unnamed temporary file. */
final class NpyConversion {
    /** The largest number of bytes that are copied: 1 GiB, which the system's folder for temporary files has room for. */
    static final long LIMIT = 1L << 30;

    /** The number of bytes of rows that are put together in memory. */
    private static final int BLOCK = 1 << 23;

    private NpyConversion() {}

    /** A temporary file that is gone as soon as it is closed. */
    static FileChannel temporary() throws IOException {
        Path file = Files.createTempFile("gradmimic-array", ".tmp");
        return FileChannel.open(
                file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
    }

    /**
     * The elements of an array, as {@link NpyHeader#ofElements} describes them.
     *
     * @param path named in messages
     * @throws InputException if they have more than {@link #LIMIT} bytes
     */
    static FileChannel copy(Path path, FileChannel source, NpyHeader header) throws IOException {
        long bytes = header.elements() * header.type().bytes();
        if (bytes > LIMIT) {
            throw InputException.in(
                    path,
                    header.otherOrder() + "; it has " + bytes + " bytes, and at most " + LIMIT + " are converted");
        }
        FileChannel target = temporary();
        try {
            if (header.columnMajor()) transpose(source, header, target);
            else copyInOrder(source, header, target);
            return target;
        } catch (IOException | RuntimeException e) {
            target.close();
            throw e;
        }
    }

    private static void copyInOrder(FileChannel source, NpyHeader header, FileChannel target) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        for (long at = header.dataOffset(); at < header.fileBytes(); at += block.limit()) {
            block.clear().limit((int) Math.min(BLOCK, header.fileBytes() - at));
            readFully(source, at, block);
            swap(block.flip(), header);
            write(target, block);
        }
    }

    /**
     * Rows of the outermost axis are neighbours in the source, one for each element of a row. So a block of rows is read in as
     * many runs as a row has elements.
     */
    private static void transpose(FileChannel source, NpyHeader header, FileChannel target) throws IOException {
        if (header.elements() == 0) return;
        int size = header.type().bytes();
        long[] shape = header.shape();
        long rows = shape[0];
        int rowElements = Math.toIntExact(header.elements() / rows);
        int step = (int) Math.max(1, Math.min(rows, BLOCK / ((long) rowElements * size)));
        ByteBuffer run = ByteBuffer.allocate(step * size);
        ByteBuffer block = ByteBuffer.allocate(Math.multiplyExact(step, rowElements * size));
        for (long from = 0; from < rows; from += step) {
            int count = (int) Math.min(step, rows - from);
            int[] index = new int[shape.length];
            for (int element = 0; element < rowElements; element++) {
                run.clear().limit(count * size);
                readFully(source, header.dataOffset() + (from + rows * storedAt(index, shape)) * size, run);
                for (int row = 0; row < count; row++) {
                    block.put((row * rowElements + element) * size, run, row * size, size);
                }
                advance(index, shape);
            }
            block.clear().limit(count * rowElements * size);
            swap(block, header);
            write(target, block);
        }
    }

    /** The position of an element in the order of the source, counted without the outermost axis. */
    private static long storedAt(int[] index, long[] shape) {
        long at = 0;
        for (int axis = shape.length - 1; axis >= 1; axis--) at = at * shape[axis] + index[axis];
        return at;
    }

    /** The next index of a row; the innermost axis varies fastest. */
    private static void advance(int[] index, long[] shape) {
        for (int axis = shape.length - 1; axis >= 1; axis--) {
            if (++index[axis] < shape[axis]) return;
            index[axis] = 0;
        }
    }

    /** Turns the bytes of every element around, if they are stored from the highest to the lowest. */
    private static void swap(ByteBuffer elements, NpyHeader header) {
        if (!header.bigEndian()) return;
        byte[] bytes = elements.array();
        int size = header.type().bytes();
        for (int at = 0; at < elements.limit(); at += size) {
            for (int low = at, high = at + size - 1; low < high; low++, high--) {
                byte kept = bytes[low];
                bytes[low] = bytes[high];
                bytes[high] = kept;
            }
        }
    }

    private static void readFully(FileChannel source, long at, ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (source.read(target, at + target.position()) < 0) throw new EOFException("truncated while it was read");
        }
    }

    private static void write(FileChannel target, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) target.write(bytes);
    }
}
