package org.gradmimic.select;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that are whole or absent: content goes to a temporary name in the same folder, is fsynced and then moved over
 * the final name in one step. A file that stood there before stays as it was until then, whatever goes wrong.
 */
public final class AtomicFile {

    private AtomicFile() {}

    /** What fills the file. */
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
        Path target = file.toAbsolutePath();
        // Looked at first, so that a mistyped name costs no long computation's output.
        if (Files.isDirectory(target)) {
            throw new InputException("cannot write " + file + ": it is a folder, expected a file name");
        }
        Path folder = target.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new InputException("cannot write " + file + ": there is no folder " + folder);
        }
        Path temporary = temporaryFor(target);
        try {
            Files.deleteIfExists(temporary);
            content.writeTo(temporary);
            sync(temporary, StandardOpenOption.WRITE);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            // The rename itself is durable only once the folder is.
            sync(folder, StandardOpenOption.READ);
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw new InputException("cannot write " + file + ": " + reason(e), e);
        } catch (RuntimeException | Error e) {
            deleteQuietly(temporary, e);
            throw e;
        }
    }

    /**
     * The temporary name of a file, {@code .NAME.tmp} beside it: hidden, and not ending in the type's suffix, so that no
     * reader of a folder takes it for data.
     */
    static Path temporaryFor(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".tmp");
    }

    /** What went wrong in words; the message of many I/O exceptions is the bare file name. */
    static String reason(IOException e) {
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

    private static void sync(Path path, StandardOpenOption option) throws IOException {
        try (FileChannel channel = FileChannel.open(path, option)) {
            channel.force(true);
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
