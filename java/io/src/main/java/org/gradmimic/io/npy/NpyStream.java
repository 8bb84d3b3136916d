package org.gradmimic.io.npy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.AtomicFile;

/**
 * Writes an array of any type and known shape from front to back, element by element, in constant memory. The file is
 * whole or absent.
 */
public final class NpyStream implements AutoCloseable {
    private static final int BLOCK_BYTES = 1 << 18;

    private final AtomicFile file;
    private final NpyType type;
    private final long elements;
    private final ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long begun;
    private long position;

    private NpyStream(AtomicFile file, NpyType type, long elements) {
        this.file = file;
        this.type = type;
        this.elements = elements;
    }

    /**
     * Starts an array.
     *
     * @param path the final name after {@link #commit}
     * @param type the element type
     * @param shape the lengths of all axes, outermost first
     * @throws InputException if the folder is missing or not writable
     */
    public static NpyStream create(Path path, NpyType type, long... shape) {
        long elements = NpyWriter.count(shape);
        AtomicFile file = AtomicFile.create(path);
        try {
            NpyStream stream = new NpyStream(file, type, elements);
            stream.write(ByteBuffer.wrap(NpyHeader.format(type, shape)));
            return stream;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Advances to the next element.
     *
     * @return the buffer for its bytes, to be filled by relative puts of exactly one element in total; little-endian
     * @throws InvalidStateException if there is no next element
     * @throws InputException if the previous elements cannot be written
     */
    public ByteBuffer next() {
        if (begun == elements) {
            throw new InvalidStateException(file.target() + ": has " + elements + " elements only");
        }
        if (block.remaining() < type.bytes()) {
            flush();
        }
        begun++;
        return block;
    }

    /**
     * Moves the file to its final name.
     *
     * @throws InvalidStateException if elements are missing
     * @throws InputException if the file cannot be written; an existing file of that name is then untouched
     */
    public void commit() {
        flush();
        if (begun < elements) {
            throw new InvalidStateException(
                    file.target() + ": " + begun + " of " + elements + " elements were written");
        }
        file.commit();
    }

    /** Discards everything unless it was committed. A second call does nothing. */
    @Override
    public void close() {
        file.close();
    }

    private void flush() {
        write(block.flip());
        block.clear();
    }

    private void write(ByteBuffer bytes) {
        int count = bytes.remaining();
        file.writeAt(bytes, position);
        position += count;
    }
}
