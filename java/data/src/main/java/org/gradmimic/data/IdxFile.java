package org.gradmimic.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.GzipStream;
import org.gradmimic.io.InputFiles;

/**
 * An idx file of unsigned bytes, gzipped or not (its first bytes tell): two zeros, the type 8, the number of axes, the
 * length of every axis as a big-endian 32-bit number, then the elements.
 *
 * @see <a href="https://yann.lecun.org/exdb/mnist/">LeCun, Cortes, Burges: the MNIST database, file formats</a>
 */
final class IdxFile implements AutoCloseable {
    private static final int UNSIGNED_BYTE = 8;

    private final Path path;
    private final InputStream in;
    private final int[] shape;
    private long rowsRead;

    /**
     * @param rank expected number of axes
     * @throws InputException if this is not such a file, or if it is not gzipped and its length differs from that in
     *     its header
     */
    IdxFile(Path path, int rank) throws IOException {
        this.path = path;
        InputStream raw = new BufferedInputStream(InputFiles.open(path), 1 << 16);
        try {
            raw.mark(2);
            boolean zipped = raw.read() == 0x1f && raw.read() == 0x8b;
            raw.reset();
            this.in = zipped ? new BufferedInputStream(new GzipStream(raw, 1 << 16), 1 << 16) : raw;
            this.shape = readShape(rank);
            long expected = 4L + 4L * rank + rows() * (long) rowBytes();
            if (!zipped && Files.size(path) != expected) {
                throw InputException.in(
                        path,
                        (Files.size(path) < expected ? "truncated" : "too long") + ": has " + Files.size(path)
                                + " bytes; expected " + expected);
            }
        } catch (EOFException e) {
            raw.close();
            throw InputException.in(path, "truncated within the idx header", e);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    /** The length of the outermost axis. */
    int rows() {
        return shape[0];
    }

    /** The length of one axis. */
    int extent(int axis) {
        return shape[axis];
    }

    /** Reads the next row. Returns false after the last row, after checking the end of the file. */
    boolean readRow(byte[] target) {
        if (rowsRead == rows()) {
            if (readInto(new byte[1], 1) > 0) {
                throw InputException.in(path, "continues after the " + rows() + " samples of its header");
            }
            return false;
        }
        int bytes = rowBytes();
        if (readInto(target, bytes) < bytes) {
            throw damaged(new EOFException("the file ends"));
        }
        rowsRead++;
        return true;
    }

    /** The number of bytes in one row: the product of all axes except the outermost. */
    int rowBytes() {
        int bytes = 1;
        for (int axis = 1; axis < shape.length; axis++) {
            bytes *= shape[axis];
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private int readInto(byte[] target, int bytes) {
        try {
            return in.readNBytes(target, 0, bytes);
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private InputException damaged(IOException cause) {
        return InputException.in(
                path,
                "truncated or damaged (" + cause.getMessage() + ") after " + rowsRead + " samples; expected " + rows(),
                cause);
    }

    private int[] readShape(int rank) throws IOException {
        ByteBuffer magic = ByteBuffer.wrap(readExactly(4));
        if (magic.getShort() != 0 || magic.get() != UNSIGNED_BYTE || magic.get() != rank) {
            throw InputException.in(path, "not an idx file of bytes with " + rank + " axes");
        }
        ByteBuffer extents = ByteBuffer.wrap(readExactly(4 * rank));
        int[] found = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            found[axis] = extents.getInt();
            // No idx file in use has images of more than 16384 pixels per side.
            if (found[axis] < 0 || (axis > 0 && (found[axis] == 0 || found[axis] > 16_384))) {
                throw InputException.in(
                        path, "has the length " + Integer.toUnsignedString(found[axis]) + " for axis " + axis);
            }
        }
        return found;
    }

    private byte[] readExactly(int bytes) throws IOException {
        byte[] read = in.readNBytes(bytes);
        if (read.length < bytes) {
            throw new EOFException();
        }
        return read;
    }
}
