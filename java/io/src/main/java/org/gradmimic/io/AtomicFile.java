package org.gradmimic.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;

/**
 * A file that is whole or absent. Content goes to a hidden temporary name in the same folder, is fsynced and then moved
 * over the final name in one step. Until then an existing file of that name does not change, even if an error occurs.
 *
 * <p>Two writers of one file do not disturb each other, in one process or in two: each has its own temporary name, and the
 * one that ends last determines the content of the file.
 *
 * <p>An instance writes content piece by piece. If it is closed without {@link #commit}, it leaves nothing behind, and neither
 * does a JVM that is ended meanwhile, for example by Ctrl-C. The next process that writes a file in the folder removes the
 * temporary files of a killed JVM.
 */
public final class AtomicFile implements AutoCloseable {
    private final Path target;
    private final TemporaryFile temporary;
    private final FileChannel channel;
    private final boolean scratch;
    private boolean committed;

    private AtomicFile(Path target, TemporaryFile temporary, FileChannel channel, boolean scratch) {
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
         * @param temporary where to write; an empty file
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
        TemporaryFile temporary = temporaryFor(file, target);
        try {
            temporary.open().close();
            content.writeTo(temporary.path());
            sync(temporary.path(), StandardOpenOption.WRITE);
            move(temporary, target);
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw failure(file, e);
        } catch (RuntimeException | Error e) {
            deleteQuietly(temporary, e);
            throw e;
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
        return create(target, absolute, temporaryFor(target, absolute), false);
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
        Path beside = absolute.resolveSibling(absolute.getFileName() + suffix);
        return create(target, absolute, temporaryFor(target, beside), true);
    }

    private static AtomicFile create(Path target, Path absolute, TemporaryFile temporary, boolean scratch) {
        try {
            return new AtomicFile(absolute, temporary, temporary.open(), scratch);
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw failure(target, e);
        }
    }

    /** Whether a file is one that is being written, or one that a process left that died while writing. */
    public static boolean isTemporary(Path file) {
        return TemporaryFile.is(file);
    }

    /**
     * Removes the unfinished files that dead processes left in a folder. The first file that a process writes in a folder
     * does so too.
     *
     * @throws IOException if the folder can't be read
     */
    public static void removeLeftovers(Path folder) throws IOException {
        TemporaryFile.removeLeftovers(folder);
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
     * @throws InputException if writing fails
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
            temporary.delete();
        } catch (IOException e) {
            throw failure(target, e);
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
        if (e instanceof FileAlreadyExistsException) {
            return "already exists";
        }
        if (e instanceof NotDirectoryException) {
            return "not a folder";
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

    private static TemporaryFile temporaryFor(Path file, Path beside) {
        try {
            return TemporaryFile.beside(beside);
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static void move(TemporaryFile temporary, Path target) throws IOException {
        Files.move(temporary.path(), target, StandardCopyOption.ATOMIC_MOVE);
        temporary.release();
        // The rename itself is durable only once the folder is.
        sync(Objects.requireNonNull(target.getParent()), StandardOpenOption.READ);
    }

    private static void sync(Path path, StandardOpenOption option) throws IOException {
        try (FileChannel channel = FileChannel.open(path, option)) {
            channel.force(true);
        }
    }

    private static InputException failure(Path file, IOException cause) {
        return new InputException("cannot write " + file + ": " + reason(cause), cause);
    }

    private static void deleteQuietly(TemporaryFile temporary, Throwable failure) {
        try {
            temporary.delete();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
