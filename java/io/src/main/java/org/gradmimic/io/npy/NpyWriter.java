package org.gradmimic.io.npy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;

/**
 * Writes {@code .npy} files: whole arrays in one call, or a float32 array of known shape piece by piece in any order.
 * Pieces can be read back and written again before {@link #commit}. In either case the file is whole or absent, and
 * memory use is constant. Elements that were never written are NaN.
 */
public final class NpyWriter implements AutoCloseable {
    private static final int BLOCK = 1 << 16;

    private final AtomicFile file;
    private final long dataOffset;
    private final long elements;
    private final ByteBuffer block =
            ByteBuffer.allocateDirect(BLOCK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    /** Elements before this index have been written. Those from here on have no bytes in the file yet. */
    private long end;

    private NpyWriter(AtomicFile file, byte[] header, long elements) {
        this.file = file;
        this.dataOffset = header.length;
        this.elements = elements;
        file.writeAt(ByteBuffer.wrap(header), 0);
    }

    /**
     * Starts a float32 array.
     *
     * @param path the final name after {@link #commit}
     * @param shape the lengths of all axes, outermost first
     * @throws InputException if the folder is missing or not writable
     */
    public static NpyWriter create(Path path, long... shape) {
        return create(AtomicFile.create(path), shape);
    }

    /**
     * Starts a float32 array of intermediate values; see {@link AtomicFile#scratch}. It cannot be committed.
     *
     * @param path the file that is being written; failures name it
     * @param suffix distinguishes its temporary files
     * @param shape the lengths of all axes, outermost first
     * @throws InputException if the folder is missing or not writable
     */
    public static NpyWriter scratch(Path path, String suffix, long... shape) {
        return create(AtomicFile.scratch(path, suffix), shape);
    }

    private static NpyWriter create(AtomicFile file, long... shape) {
        try {
            return new NpyWriter(file, NpyHeader.format(NpyType.FLOAT32, shape), count(shape));
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The final name of the file. */
    public Path path() {
        return file.target();
    }

    /** Writes a float32 array, {@code values} in row order. */
    public static void write(Path path, float[] values, long... shape) {
        try (NpyWriter writer = create(path, matching(values.length, shape))) {
            writer.put(0, FloatBuffer.wrap(values));
            writer.commit();
        }
    }

    /** Writes an int64 array, {@code values} in row order. */
    public static void write(Path path, long[] values, long... shape) {
        try (NpyStream stream = NpyStream.create(path, NpyType.INT64, matching(values.length, shape))) {
            for (long value : values) {
                stream.next().putLong(value);
            }
            stream.commit();
        }
    }

    /** Writes a boolean array, {@code values} in row order. */
    public static void write(Path path, boolean[] values, long... shape) {
        try (NpyStream stream = NpyStream.create(path, NpyType.BOOL, matching(values.length, shape))) {
            for (boolean value : values) {
                stream.next().put((byte) (value ? 1 : 0));
            }
            stream.commit();
        }
    }

    /** The total number of elements. */
    public long elements() {
        return elements;
    }

    /**
     * Writes all remaining elements of {@code values}.
     *
     * @param from index of the first element, in row order
     * @throws InvalidArgumentException if the elements extend past the end
     * @throws InputException if they cannot be written
     */
    public void put(long from, FloatBuffer values) {
        checkRange(from, values.remaining());
        fillTo(from);
        long at = from;
        while (values.hasRemaining()) {
            int n = Math.min(values.remaining(), BLOCK);
            block.clear().limit(n * Float.BYTES);
            block.asFloatBuffer().put(values.slice(values.position(), n));
            values.position(values.position() + n);
            file.writeAt(block, position(at));
            at += n;
        }
        end = Math.max(end, at);
    }

    /**
     * Reads elements back, as many as {@code target} has room for.
     *
     * @param from index of the first element, in row order
     * @throws InvalidArgumentException if the elements extend past the end
     */
    public void get(long from, FloatBuffer target) {
        checkRange(from, target.remaining());
        long at = from;
        while (target.hasRemaining() && at < end) {
            int n = (int) Math.min(Math.min(target.remaining(), BLOCK), end - at);
            block.clear().limit(n * Float.BYTES);
            readFully(at);
            target.put(block.flip().asFloatBuffer());
            at += n;
        }
        while (target.hasRemaining()) {
            target.put(Float.NaN);
        }
    }

    /**
     * Moves the file to its final name. Elements that were never written are NaN.
     *
     * @throws InputException if that fails; an existing file of that name is then untouched
     */
    public void commit() {
        fillTo(elements);
        file.commit();
    }

    /** Discards everything unless it was committed. A second call does nothing. */
    @Override
    public void close() {
        file.close();
    }

    private long position(long element) {
        return dataOffset + element * Float.BYTES;
    }

    private void checkRange(long from, int count) {
        if (from < 0 || from > elements - count) {
            throw new InvalidArgumentException(
                    file.target() + ": elements " + from + " to " + (from + count) + " of " + elements);
        }
    }

    private void fillTo(long target) {
        while (end < target) {
            int n = (int) Math.min(BLOCK, target - end);
            block.clear();
            for (int i = 0; i < n; i++) {
                block.putFloat(Float.NaN);
            }
            file.writeAt(block.flip(), position(end));
            end += n;
        }
    }

    private void readFully(long element) {
        try {
            long start = position(element);
            while (block.hasRemaining()) {
                if (file.channel().read(block, start + block.position()) < 0) {
                    throw new IOException("the temporary file was cut short");
                }
            }
        } catch (IOException e) {
            throw new InputException("cannot read back " + file.target() + ": " + e.getMessage(), e);
        }
    }

    private static long[] matching(int count, long[] shape) {
        if (count(shape) != count) {
            throw new InvalidArgumentException(count + " values do not make the shape " + NpyHeader.describe(shape));
        }
        return shape;
    }

    static long count(long[] shape) {
        long elements = 1;
        for (long extent : shape) {
            if (extent < 0) {
                throw new InvalidArgumentException("a negative length in the shape: " + extent);
            }
            elements = Math.multiplyExact(elements, extent);
        }
        return elements;
    }
}
