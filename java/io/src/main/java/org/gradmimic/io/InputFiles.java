package org.gradmimic.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.gradmimic.base.InputException;

/** Opens files as input. All code that reads a user's file opens it here. */
public final class InputFiles {
    private InputFiles() {}

    /**
     * Rejects a pipe, a device or a socket before it is opened, because opening one may block for ever. A path that
     * does not exist, and a folder, are left to the caller.
     *
     * @throws InputException if the path is neither a regular file nor a folder
     */
    public static void requireRegular(Path path) {
        if (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path)) {
            throw InputException.in(path, "is a pipe, a device or a socket; expected a regular file");
        }
    }

    /** Whether a path is a file with the name of an archive of arrays, {@code .npz}. */
    public static boolean isArchive(Path path) {
        Path name = path.getFileName();
        return name != null && name.toString().toLowerCase(Locale.ROOT).endsWith(".npz") && Files.isRegularFile(path);
    }

    /**
     * The file that a path names, or the {@code .npz} that contains the array it names: {@code a.npz} for {@code a.npz/x}.
     */
    public static Path onDisk(Path path) {
        for (Path above = path; above != null; above = above.getParent()) {
            if (isArchive(above)) return above;
        }
        return path;
    }

    /**
     * Opens a file, to be read from front to back.
     *
     * @throws InputException if the path is neither a regular file nor a folder
     * @throws IOException if it can't be opened
     */
    public static InputStream open(Path path) throws IOException {
        requireRegular(path);
        return Files.newInputStream(path);
    }

    /**
     * Opens a file, to be read at any place.
     *
     * @throws InputException if the path is neither a regular file nor a folder
     * @throws IOException if it can't be opened
     */
    public static FileChannel channel(Path path) throws IOException {
        requireRegular(path);
        return FileChannel.open(path, StandardOpenOption.READ);
    }
}
