package org.gradmimic.io.npy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.AtomicFile;

/**
 * Writes an array of any type and known shape from front to back, element by element; memory stays constant, and the
 * file appears under its name whole or not at all.
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
     * Begins an array.
     *
     * @param path where it will be after {@link #commit}
     * @param type the element type
     * @param shape every axis' length, outermost first
     * @throws InputException if the folder is missing or can't be written to
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
     * Goes to the next element.
     *
     * @return where its bytes go, by one or more relative puts that make up exactly one element; little-endian
     * @throws InvalidStateException if there is no next one
     * @throws InputException if the disk refuses the ones before
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
     * Makes the file appear under its name.
     *
     * @throws InvalidStateException if elements are missing
     * @throws InputException if the disk refuses; what bore the name before is untouched
     */
    public void commit() {
        flush();
        if (begun < elements) {
            throw new InvalidStateException(
                    file.target() + ": " + begun + " of " + elements + " elements were written");
        }
        file.commit();
    }

    /** Drops everything unless it was committed; a second call does nothing. */
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
