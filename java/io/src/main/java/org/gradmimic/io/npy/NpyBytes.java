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

    private NpyBytes(Path path, FileChannel channel, NpyHeader header) {
        this.path = path;
        this.channel = channel;
        this.header = header;
    }

    /** Reads a header, which it rejects with an {@link InputException} that names the file. */
    interface HeaderParser {
        NpyHeader parse(ByteBuffer header, String file);
    }

    /**
     * Opens a file and reads its header.
     *
     * @throws InputException if the file is missing, unreadable, not a {@code .npy} file or of an unsupported kind, or
     *     if its number of bytes differs from that in its header
     */
    static NpyBytes open(Path path, HeaderParser parser) {
        if (Files.isDirectory(path)) {
            throw InputException.in(path, "is a folder; expected a .npy file");
        }
        FileChannel channel;
        try {
            channel = InputFiles.channel(path);
        } catch (NoSuchFileException e) {
            throw InputException.in(path, "no such file", e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
        try {
            NpyHeader header = readHeader(channel, path.toString(), parser);
            checkSize(path, channel.size(), header);
            return new NpyBytes(path, channel, header);
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
        return new NpyBytes(path, channel, other);
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

    private static NpyHeader readHeader(FileChannel channel, String file, HeaderParser parser) throws IOException {
        ByteBuffer prefix = readFully(channel, NpyHeader.MAX_PREFIX);
        int length = NpyHeader.headerBytes(prefix, file);
        ByteBuffer whole = readFully(channel, length);
        if (whole.remaining() < length) {
            throw InputException.in(file, "truncated within the .npy header");
        }
        return parser.parse(whole, file);
    }

    private static ByteBuffer readFully(FileChannel channel, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) >= 0) {
            // until full, or the file ends
        }
        return buffer.flip();
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
