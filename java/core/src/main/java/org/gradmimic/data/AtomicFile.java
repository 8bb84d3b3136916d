package org.gradmimic.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import org.gradmimic.select.InputException;

/**
 * A file that appears under its name whole or not at all. What is written goes to a temporary file in the same folder;
 * {@link #commit} forces it to disk and moves it over the name in one step. Closed without a commit, the temporary file
 * is deleted and whatever bore the name before is untouched.
 */
public final class AtomicFile implements AutoCloseable {
    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private boolean committed;

    private AtomicFile(Path target, Path temporary, FileChannel channel) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
    }

    /**
     * Opens a temporary file beside {@code target}, for reading and writing.
     *
     * @throws InputException if the folder is missing or can't be written to, or {@code target} is a folder
     */
    public static AtomicFile create(Path target) {
        Path absolute = target.toAbsolutePath().normalize();
        Path folder = absolute.getParent();
        if (folder == null || Files.isDirectory(absolute)) {
            throw new InputException("cannot write " + target + ": it is a folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException("cannot write " + target + ": there is no folder " + folder);
        }
        // Not Files.createTempFile: its files are readable by their owner alone, and stay so after the move.
        String unique = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), 36);
        Path temporary = folder.resolve("." + absolute.getFileName() + "." + unique + ".tmp");
        try {
            FileChannel channel = FileChannel.open(
                    temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
            return new AtomicFile(absolute, temporary, channel);
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /**
     * Writes {@code content} under {@code target}.
     *
     * @throws InputException if that fails; what was there before is untouched
     */
    public static void write(Path target, byte[] content) {
        try (AtomicFile file = create(target)) {
            file.writeAt(ByteBuffer.wrap(content), 0);
            file.commit();
        }
    }

    /** The name the file will have. */
    public Path target() {
        return target;
    }

    /** The temporary file, open for reading and writing until {@link #commit} or {@link #close}. */
    public FileChannel channel() {
        return channel;
    }

    /**
     * Writes all that remains in {@code bytes} at {@code position}.
     *
     * @throws InputException if the disk refuses it
     */
    public void writeAt(ByteBuffer bytes, long position) {
        try {
            long at = position;
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /**
     * Forces the content to disk and moves the file to its name.
     *
     * @throws InputException if that fails; the name keeps what it had
     */
    public void commit() {
        if (committed) {
            throw new IllegalStateException(target + " was committed already");
        }
        try {
            channel.force(true);
            channel.close();
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            committed = true;
        } catch (IOException e) {
            throw failure(target, e);
        }
        forceFolder();
    }

    /** Drops the temporary file unless it was committed; a second call does nothing. */
    @Override
    public void close() {
        if (committed) {
            return;
        }
        try {
            channel.close();
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /** Makes the move itself survive a power cut; where a folder can't be opened (Windows) the move is durable late. */
    private void forceFolder() {
        try (FileChannel folder = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException ignored) {
            // The file is whole and has its name; only the moment at which the name reaches the disk is left open.
        }
    }

    private static InputException failure(Path target, IOException cause) {
        String reason = cause instanceof AccessDeniedException
                ? "the folder is not writable"
                : cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return new InputException("cannot write " + target + ": " + reason, cause);
    }
}
