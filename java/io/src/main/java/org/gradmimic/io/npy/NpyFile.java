package org.gradmimic.io.npy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * A {@code .npy} file, opened for reading. It is read block by block, or mapped into memory window by window, so that arrays
 * larger than memory and larger than 2 GB are no special case. Opening checks that the file has exactly the number of bytes that its
 * header states.
 *
 * <p>A row is one entry of the outermost axis. Arrays of the types of {@link NpyType} are supported. Anything else is
 * rejected by name. Not thread-safe.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>
 */
public final class NpyFile implements AutoCloseable {
    /**
     * The number of bytes mapped at a time. A mapping lives until the garbage collector finds it unused. Its pages
     * belong to the page cache, so the system can reclaim them at any time.
     */
    private static final long WINDOW = 256L << 20;
    /** The number of bytes read at a time. */
    private static final int BLOCK = 1 << 18;

    private final NpyBytes content;
    private final Path path;
    private final NpyHeader header;
    private @Nullable MappedByteBuffer window;
    private long windowOffset;
    private @Nullable ByteBuffer block;

    private NpyFile(NpyBytes content) {
        this.content = content;
        path = content.path();
        header = content.header();
    }

    /**
     * Opens a file and reads its header. An array that is stored column by column or big-endian, or in a {@code .npz}, is
     * copied into an unnamed temporary file, if it has at most 1 GiB.
     *
     * @param path a {@code .npy} file, a {@code .npz} with one array, or {@code FILE.npz/NAME} for an array in it
     * @throws InputException if the file is missing, unreadable, not such a file or of an unsupported kind, if its number
     *     of bytes differs from that in its header, or if an array that must be copied is too large
     */
    public static NpyFile open(Path path) {
        NpyBytes bytes = NpyBytes.open(path);
        NpyHeader header = bytes.header();
        boolean inOrder = !header.columnMajor() && !header.bigEndian();
        return new NpyFile(inOrder ? bytes : bytes.converted(header.columnMajor()));
    }

    /** Opens a file whose elements may be stored row by row or column by column, as a single row of all elements. */
    static Flat openFlat(Path path) {
        NpyBytes bytes = NpyBytes.open(path);
        NpyHeader header = bytes.header();
        if (header.bigEndian()) bytes = bytes.converted(false);
        NpyHeader flat = new NpyHeader(
                header.type(), new long[] {header.elements()}, bytes.header().dataOffset(), false, false);
        return new Flat(new NpyFile(bytes.as(flat)), header.shape(), header.columnMajor());
    }

    /** The elements of a file in storage order, and the array that they represent. */
    record Flat(NpyFile file, long[] shape, boolean columnMajor) {}

    /**
     * Whether the elements are in the file that {@link #path} names, from {@link #dataOffset} on, as they are read. A copy of
     * an array of another order or in an archive has no name.
     */
    public boolean isInPlace() {
        return content.isInPlace();
    }

    /** The file's path as it was given. */
    public Path path() {
        return path;
    }

    /** The element type. */
    public NpyType type() {
        return header.type();
    }

    /** The number of axes; 0 for a scalar. */
    public int rank() {
        return header.shape().length;
    }

    /** The lengths of all axes, outermost first. */
    public long[] shape() {
        return header.shape().clone();
    }

    /** The length of one axis; the outermost is 0. */
    public long extent(int axis) {
        return header.shape()[axis];
    }

    /** The number of rows: the length of the outermost axis, 1 for a scalar. */
    public long rows() {
        return rank() == 0 ? 1 : extent(0);
    }

    /** The number of elements in one row: the product of all axes except the outermost. */
    public long rowElements() {
        long elements = 1;
        for (int axis = 1; axis < rank(); axis++) {
            elements *= extent(axis);
        }
        return elements;
    }

    /** The number of elements. */
    public long elements() {
        return header.elements();
    }

    /**
     * Requires a number of axes.
     *
     * @return this
     * @throws InputException if the array has another number
     */
    public NpyFile requireRank(int expected) {
        if (rank() != expected) {
            throw InputException.in(
                    path,
                    "has " + axes(rank()) + ", shape " + NpyHeader.describe(header.shape()) + "; expected "
                            + axes(expected));
        }
        return this;
    }

    /**
     * Requires a shape.
     *
     * @param expected the lengths of all axes; −1 stands for any length
     * @return this
     * @throws InputException if the shape is another
     */
    public NpyFile requireShape(long... expected) {
        long[] shape = header.shape();
        boolean fits = shape.length == expected.length;
        for (int axis = 0; fits && axis < shape.length; axis++) {
            fits = expected[axis] < 0 || expected[axis] == shape[axis];
        }
        if (!fits) {
            throw InputException.in(
                    path, "has shape " + NpyHeader.describe(shape) + "; expected " + NpyHeader.describe(expected));
        }
        return this;
    }

    /** The position of the first element in the file, in bytes. */
    public long dataOffset() {
        return header.dataOffset();
    }

    /**
     * The bytes of some rows, mapped and not copied. The buffer stays valid after this file is closed.
     *
     * <p>Another program must not truncate the file while the buffer is read: the system would end the JVM with SIGBUS. Each
     * call checks the file's length again, so that a file truncated before the call raises an ordinary error.
     *
     * @param from first row, inclusive
     * @param to last row, exclusive
     * @return direct, read-only, little-endian, position 0, {@code (to − from) · rowElements()} elements
     * @throws InvalidArgumentException if there are no such rows, or they have more than 2 GB
     * @throws InputException if the file has another length than when it was opened
     */
    public ByteBuffer rows(long from, long to) {
        requireRows(from, to);
        long rowBytes = rowElements() * type().bytes();
        long bytes = (to - from) * rowBytes;
        if (bytes > Integer.MAX_VALUE) {
            throw new InvalidArgumentException(path + ": rows " + from + " to " + to + " are " + bytes
                    + " bytes; at most " + Integer.MAX_VALUE + " can be mapped at once");
        }
        if (bytes == 0) {
            return ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);
        }
        long offset = header.dataOffset() + from * rowBytes;
        MappedByteBuffer mapped = window;
        if (mapped == null || offset < windowOffset || offset + bytes > windowOffset + mapped.capacity()) {
            mapped = content.map(offset, Math.max(bytes, Math.min(WINDOW, header.fileBytes() - offset)));
            window = mapped;
            windowOffset = offset;
        } else if (content.isOpen()) {
            content.requireUnchanged();
        }
        return mapped.slice((int) (offset - windowOffset), (int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads the bytes of some rows. Unlike {@link #rows} nothing is mapped, so that a file that another program truncates
     * meanwhile raises an ordinary error.
     *
     * @param from first row, inclusive
     * @param to last row, exclusive
     * @param target receives {@code (to − from) · rowElements()} little-endian elements at its position
     * @throws InvalidArgumentException if there are no such rows, or {@code target} has no room for them
     * @throws InputException if the file has another length than when it was opened
     */
    public void read(long from, long to, ByteBuffer target) {
        requireRows(from, to);
        long rowBytes = rowElements() * type().bytes();
        if ((to - from) * rowBytes > target.remaining()) {
            throw new InvalidArgumentException(path + ": rows " + from + " to " + to + " take " + (to - from) * rowBytes
                    + " bytes; the buffer has room for " + target.remaining());
        }
        content.requireUnchanged();
        content.fill(header.dataOffset() + from * rowBytes, (int) ((to - from) * rowBytes), target);
    }

    /** Reads elements block by block. */
    private void forElements(long first, long last, Consumer<ByteBuffer> action) {
        content.requireUnchanged();
        ByteBuffer buffer = block;
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
            block = buffer;
        }
        int step = BLOCK / type().bytes();
        for (long at = first; at < last; at += step) {
            int count = (int) Math.min(step, last - at);
            buffer.clear();
            content.fill(header.dataOffset() + at * type().bytes(), count * type().bytes(), buffer);
            action.accept(buffer.flip());
        }
    }

    /**
     * Converts some rows to float32. float16 is widened exactly, and float64 is rounded to the nearest float32.
     *
     * @param from first row, inclusive
     * @param to last row, exclusive
     * @param target receives {@code (to − from) · rowElements()} values at its position
     * @throws InputException if the file does not contain floating-point numbers, or contains a finite one that is too
     *     large for float32
     */
    public void readFloats(long from, long to, FloatBuffer target) {
        if (!type().isFloating()) {
            throw wrongType("floating-point numbers (f2, f4 or f8)");
        }
        requireRows(from, to);
        long[] next = {from * rowElements()};
        forElements(next[0], to * rowElements(), bytes -> {
            switch (type()) {
                case FLOAT32 -> target.put(bytes.asFloatBuffer());
                case FLOAT16 -> {
                    while (bytes.hasRemaining()) {
                        target.put(halfToFloat(bytes.getShort()));
                    }
                }
                default -> {
                    while (bytes.hasRemaining()) {
                        target.put(narrow(bytes.getDouble(), next[0]++));
                    }
                }
            }
        });
    }

    /**
     * All elements as float32, in storage order, converted as in {@link #readFloats(long, long, FloatBuffer)}.
     *
     * @throws InputException also if there are more elements than a Java array can hold
     */
    public float[] readFloats() {
        float[] values = new float[arrayLength()];
        readFloats(0, rows(), FloatBuffer.wrap(values));
        return values;
    }

    /**
     * Some rows of an integer array. Signed types keep their sign, and unsigned types have none.
     *
     * @param from first row, inclusive
     * @param to last row, exclusive
     * @param target receives {@code (to − from) · rowElements()} values at its position
     * @throws InputException if the file does not contain integers, or contains a u8 above 2⁶³−1
     */
    public void readLongs(long from, long to, LongBuffer target) {
        if (!type().isInteger()) {
            throw wrongType("integers (i1 to i8, u1 to u8)");
        }
        requireRows(from, to);
        long[] next = {from * rowElements()};
        forElements(next[0], to * rowElements(), bytes -> {
            while (bytes.hasRemaining()) {
                target.put(nextLong(bytes, next[0]++));
            }
        });
    }

    /**
     * All elements of an integer array, in storage order, converted as in {@link #readLongs(long, long, LongBuffer)}.
     *
     * @throws InputException also if there are more elements than a Java array can hold
     */
    public long[] readLongs() {
        if (!type().isInteger()) {
            throw wrongType("integers (i1 to i8, u1 to u8)");
        }
        long[] values = new long[arrayLength()];
        readLongs(0, rows(), LongBuffer.wrap(values));
        return values;
    }

    /**
     * All elements of a boolean array, in storage order.
     *
     * @throws InputException if the file does not contain booleans, or contains more than a Java array can hold
     */
    public boolean[] readBooleans() {
        if (type() != NpyType.BOOL) {
            throw wrongType("booleans (b1)");
        }
        boolean[] values = new boolean[arrayLength()];
        int[] next = {0};
        forElements(0, elements(), bytes -> {
            while (bytes.hasRemaining()) {
                values[next[0]++] = bytes.get() != 0;
            }
        });
        return values;
    }

    /** Closes the file. Buffers that were returned stay valid. A second call does nothing. */
    @Override
    public void close() {
        content.close();
    }

    private void requireRows(long from, long to) {
        if (from < 0 || from > to || to > rows()) {
            throw new InvalidArgumentException(
                    path + ": rows " + from + " to " + to + " of an array with " + rows() + " rows");
        }
    }

    private int arrayLength() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw InputException.in(path, "has " + elements() + " elements, more than can be read into one array");
        }
        return (int) elements();
    }

    private long nextLong(ByteBuffer bytes, long index) {
        return switch (type()) {
            case INT8 -> bytes.get();
            case INT16 -> bytes.getShort();
            case INT32 -> bytes.getInt();
            case INT64 -> bytes.getLong();
            case UINT8 -> bytes.get() & 0xffL;
            case UINT16 -> bytes.getShort() & 0xffffL;
            case UINT32 -> bytes.getInt() & 0xffff_ffffL;
            default -> {
                long value = bytes.getLong();
                if (value < 0) {
                    throw InputException.in(
                            path,
                            "element " + index + " is " + Long.toUnsignedString(value)
                                    + ", more than a signed 64-bit integer holds");
                }
                yield value;
            }
        };
    }

    private float narrow(double value, long index) {
        float narrowed = (float) value;
        if (Float.isInfinite(narrowed) && !Double.isInfinite(value)) {
            throw InputException.in(path, "element " + index + " is " + value + ", too large for float32");
        }
        return narrowed;
    }

    /** IEEE 754 binary16 to binary32, exact. Java has this from version 20 on. */
    static float halfToFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >> 10 & 0x1f;
        int mantissa = half & 0x3ff;
        if (exponent == 0x1f) {
            return Float.intBitsToFloat(sign | 0x7f80_0000 | mantissa << 13);
        }
        if (exponent == 0) {
            float subnormal = mantissa * 0x1p-24f;
            return sign == 0 ? subnormal : -subnormal;
        }
        return Float.intBitsToFloat(sign | exponent + 112 << 23 | mantissa << 13);
    }

    private InputException wrongType(String expected) {
        return InputException.in(path, "has dtype " + type().code() + "; expected " + expected);
    }

    private static String axes(int rank) {
        return rank == 1 ? "1 axis" : rank + " axes";
    }
}
