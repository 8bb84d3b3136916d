package org.gradmimic.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;

/**
 * A file that is whole or absent. Content goes to a temporary name in the same folder ({@code .NAME.tmp}: hidden, and not
 * ending in the type's suffix, so that no reader of a folder takes it for data), is fsynced and then moved over the final
 * name in one step. A file that stood there before stays as it was until then, whatever goes wrong.
 *
 * <p>Content that comes piece by piece is written through an instance; closed without {@link #commit}, it leaves nothing.
 * Neither does a JVM that ends in the middle, by Ctrl-C for instance; only one that is killed leaves the temporary name.
 */
public final class AtomicFile implements AutoCloseable {
    /** Temporary files that are being written. */
    private static final Set<Path> UNDER_WAY = ConcurrentHashMap.newKeySet();

    static {
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> UNDER_WAY.forEach(AtomicFile::deleteIfPossible)));
        } catch (IllegalStateException e) {
            // The JVM is ending already; nothing that begins now will be whole.
        }
    }

    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private final boolean scratch;
    private boolean committed;

    private AtomicFile(Path target, Path temporary, FileChannel channel, boolean scratch) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
        this.scratch = scratch;
    }

    /** What fills a file. */
    @FunctionalInterface
    public interface Content {
        /**
         * Writes the whole content.
         *
         * @param temporary where to write; does not exist yet
         * @throws IOException if writing fails; the temporary file is then removed
         */
        void writeTo(Path temporary) throws IOException;
    }

    /**
     * Writes a file atomically and durably. Exceptions of {@code content} other than {@link IOException} pass through.
     *
     * @param file the final name; its folder must exist
     * @param content writes the temporary file
     * @throws InputException if the folder is missing or not writable, the disk is full or {@code file} is a folder; what
     *     was at {@code file} before is untouched
     */
    public static void write(Path file, Content content) {
        Path target = checked(file);
        Path temporary = temporaryFor(target);
        UNDER_WAY.add(temporary);
        try {
            Files.deleteIfExists(temporary);
            content.writeTo(temporary);
            sync(temporary, StandardOpenOption.WRITE);
            move(temporary, target);
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw failure(file, e);
        } catch (RuntimeException | Error e) {
            deleteQuietly(temporary, e);
            throw e;
        } finally {
            UNDER_WAY.remove(temporary);
        }
    }

    /** As {@link #write(Path, Content)}, for content that is there already. */
    public static void write(Path file, byte[] content) {
        write(file, temporary -> Files.write(temporary, content));
    }

    /**
     * Begins a file that is written piece by piece.
     *
     * @throws InputException if the folder is missing or can't be written to, or {@code target} is a folder
     */
    public static AtomicFile create(Path target) {
        Path absolute = checked(target);
        return create(target, absolute, temporaryFor(absolute), false);
    }

    /**
     * Begins a temporary file with intermediate values of a file that is being made. It lies beside that file, failures name
     * that file, and it is gone when it is closed.
     *
     * @param target the file that is being made
     * @param suffix tells its temporary files apart
     * @throws InputException if the folder is missing or can't be written to, or {@code target} is a folder
     */
    public static AtomicFile scratch(Path target, String suffix) {
        Path absolute = checked(target);
        return create(target, absolute, temporaryFor(absolute.resolveSibling(absolute.getFileName() + suffix)), true);
    }

    private static AtomicFile create(Path target, Path absolute, Path temporary, boolean scratch) {
        try {
            Files.deleteIfExists(temporary);
            FileChannel channel = FileChannel.open(
                    temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
            UNDER_WAY.add(temporary);
            return new AtomicFile(absolute, temporary, channel, scratch);
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /**
     * Looks whether a file could be written, before a long computation makes its content.
     *
     * @throws InputException if the folder is missing or can't be written to, or {@code file} is a folder
     */
    public static void requireWritable(Path file) {
        Path folder = checked(file).getParent();
        if (!Files.isWritable(folder)) {
            throw new InputException("cannot write " + file + ": permission denied for " + folder);
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
        if (scratch) {
            throw new InvalidStateException("a temporary file of " + target + " has no name to be moved to");
        }
        if (committed) {
            throw new InvalidStateException(target + " was committed already");
        }
        try {
            channel.force(true);
            channel.close();
            move(temporary, target);
            committed = true;
            UNDER_WAY.remove(temporary);
        } catch (IOException e) {
            throw failure(target, e);
        }
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
        } finally {
            UNDER_WAY.remove(temporary);
        }
    }

    /** What went wrong in words; the message of many I/O exceptions is the bare file name. */
    public static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    // Looked at first, so that a mistyped name costs no long computation's output.
    private static Path checked(Path file) {
        Path target = file.toAbsolutePath().normalize();
        if (Files.isDirectory(target)) {
            throw new InputException("cannot write " + file + ": it is a folder, expected a file name");
        }
        Path folder = target.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new InputException("cannot write " + file + ": there is no folder " + folder);
        }
        return target;
    }

    private static Path temporaryFor(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".tmp");
    }

    private static void move(Path temporary, Path target) throws IOException {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        // The rename itself is durable only once the folder is.
        sync(target.getParent(), StandardOpenOption.READ);
    }

    private static void sync(Path path, StandardOpenOption option) throws IOException {
        try (FileChannel channel = FileChannel.open(path, option)) {
            channel.force(true);
        }
    }

    private static InputException failure(Path file, IOException cause) {
        return new InputException("cannot write " + file + ": " + reason(cause), cause);
    }

    private static void deleteIfPossible(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // It is hidden, and the next file of that name replaces it.
        }
    }

    private static void deleteQuietly(Path temporary, Throwable failure) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
