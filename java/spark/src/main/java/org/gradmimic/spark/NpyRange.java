package org.gradmimic.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyHeader;
import org.gradmimic.io.npy.NpyType;

/**
 * A {@code .npy} file with one value per sample on any file system. The driver opens it once, and the executors read
 * ranges of it.
 *
 * @param path the file
 * @param type the type of an element
 * @param rows N
 * @param dataOffset the position of the first element
 */
record NpyRange(String path, NpyType type, long rows, long dataOffset) implements Serializable {

    /**
     * Reads the header.
     *
     * @param option the option that named the file
     * @param accepts the accepted types
     * @param expected a description of the accepted types, for the message
     * @throws InputException if the file is missing, truncated, of another type or does not have exactly one axis
     */
    static NpyRange open(
            String file, String option, Predicate<NpyType> accepts, String expected, Configuration hadoop) {
        Path path = Hadoop.path(file, option);
        NpyHeader header;
        try {
            FileSystem files = Hadoop.files(path, hadoop);
            long size = files.getFileStatus(path).getLen();
            try (FSDataInputStream in = files.open(path)) {
                header = header(in, size, file);
            }
            if (size != header.fileBytes()) {
                throw InputException.in(file, "has " + size + " bytes, but its header promises " + header.fileBytes());
            }
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + Failures.reason(e), e);
        }
        if (!accepts.test(header.type()) || header.shape().length != 1) {
            throw InputException.in(
                    file,
                    "has dtype " + header.type().code() + " and shape " + NpyHeader.describe(header.shape())
                            + "; expected " + expected + ", one per sample");
        }
        return new NpyRange(path.toString(), header.type(), header.elements(), header.dataOffset());
    }

    private static NpyHeader header(FSDataInputStream in, long size, String file) throws IOException {
        int length = NpyHeader.headerBytes(bytes(in, (int) Math.min(size, NpyHeader.MAX_PREFIX)), file);
        if (length > size) {
            throw InputException.in(file, "truncated within the .npy header");
        }
        return NpyHeader.parse(bytes(in, length), file);
    }

    /** The first bytes of the file. */
    private static ByteBuffer bytes(FSDataInputStream in, int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(0, bytes);
        return ByteBuffer.wrap(bytes);
    }

    /**
     * @param from the first element
     * @param count how many
     * @return the bytes of the elements, little-endian
     * @throws InputException if they cannot be read
     */
    ByteBuffer read(long from, int count, Configuration hadoop) {
        byte[] bytes = new byte[Math.multiplyExact(count, type.bytes())];
        Path file = new Path(path);
        try (FSDataInputStream in = Hadoop.files(file, hadoop).open(file)) {
            in.readFully(dataOffset + from * type.bytes(), bytes);
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + Failures.reason(e), e);
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
