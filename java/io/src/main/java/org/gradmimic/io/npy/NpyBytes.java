package org.gradmimic.io.npy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.InputFiles;

/**
 * The bytes of an open {@code .npy} file. Its length is compared with its header when it is opened and again before bytes
 * are read, so that a file that another program has changed raises an ordinary error.
 */
final class NpyBytes implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final NpyHeader header;
    private final boolean copied;

    private NpyBytes(Path path, FileChannel channel, NpyHeader header, boolean copied) {
        this.path = path;
        this.channel = channel;
        this.header = header;
        this.copied = copied;
    }

    /**
     * Opens a file and reads its header. The array may be stored in any order, and it may be in an archive.
     *
     * @throws InputException if the file is missing, unreadable, not a {@code .npy} file or of an unsupported kind, or
     *     if its number of bytes differs from that in its header
     */
    static NpyBytes open(Path path) {
        boolean inArchive = NpzArchive.isIn(path);
        if (Files.isDirectory(path)) {
            throw InputException.in(path, "is a folder; expected a .npy file");
        }
        FileChannel channel;
        try {
            channel = inArchive ? NpzArchive.open(path) : InputFiles.channel(path);
        } catch (NoSuchFileException e) {
            throw InputException.in(path, "no such file", e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
        try {
            NpyHeader header = NpyHeader.read(channel, path.toString());
            checkSize(path, channel.size(), header);
            return new NpyBytes(path, channel, header, inArchive);
        } catch (IOException e) {
            closeAfter(channel, e);
            throw unreadable(path, e);
        } catch (RuntimeException e) {
            closeAfter(channel, e);
            throw e;
        }
    }

    /** The same file under another header, which must describe as many bytes. Closing either closes both. */
    NpyBytes as(NpyHeader other) {
        return new NpyBytes(path, channel, other, copied);
    }

    /**
     * The same array in a temporary file, little-endian; closes this file.
     *
     * @param transposed whether it is stored column by column, and is to be row by row
     */
    NpyBytes converted(boolean transposed) {
        try (FileChannel source = channel) {
            NpyHeader stored = transposed
                    ? header
                    : new NpyHeader(header.type(), header.shape(), header.dataOffset(), false, header.bigEndian());
            return new NpyBytes(path, NpyConversion.copy(path, source, stored), header.ofElements(), true);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /** Whether these are the bytes of the file at the path, and not of a copy. */
    boolean isInPlace() {
        return !copied;
    }

    Path path() {
        return path;
    }

    NpyHeader header() {
        return header;
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    /** Reads that many bytes from an offset in the file. */
    void fill(long offset, int bytes, ByteBuffer target) {
        int limit = target.limit();
        target.limit(target.position() + bytes);
        try {
            while (target.hasRemaining()) {
                if (channel.read(target, offset + bytes - target.remaining()) < 0) {
                    throw InputException.in(path, "was truncated while it was read");
                }
            }
        } catch (IOException e) {
            throw unreadable(path, e);
        } finally {
            target.limit(limit);
        }
    }

    /** Maps bytes into memory. */
    MappedByteBuffer map(long offset, long bytes) {
        requireUnchanged();
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    /**
     * Insists that the file is open and has the length that it was opened with.
     *
     * @throws InputException if it has another length
     */
    void requireUnchanged() {
        if (!channel.isOpen()) {
            throw new InvalidStateException(path + " is closed");
        }
        try {
            checkSize(path, channel.size(), header);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static void checkSize(Path path, long actual, NpyHeader header) {
        if (actual != header.fileBytes()) {
            throw InputException.in(
                    path,
                    (actual < header.fileBytes() ? "truncated" : "too long") + ": has "
                            + actual + " bytes; expected " + header.fileBytes() + " for shape "
                            + NpyHeader.describe(header.shape()) + " of "
                            + header.type().code());
        }
    }

    private static void closeAfter(FileChannel channel, Exception failure) {
        try {
            channel.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static InputException unreadable(Path path, IOException cause) {
        return InputException.in(path, "cannot be read: " + cause.getMessage(), cause);
    }
}
