package org.gradmimic.io;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;

/** What may be opened as input. */
public final class InputFiles {
    private InputFiles() {}

    /**
     * Refuses a pipe, a device or a socket before it is opened, since opening one may wait for ever. A path that does not
     * exist, and a folder, are left to the caller.
     *
     * @throws InputException if the path is neither a regular file nor a folder
     */
    public static void requireRegular(Path path) {
        if (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path)) {
            throw InputException.in(path, "is a pipe, a device or a socket; expected a regular file");
        }
    }
}
