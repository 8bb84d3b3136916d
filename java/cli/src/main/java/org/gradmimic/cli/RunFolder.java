package org.gradmimic.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.select.InputException;

/** The folder a run writes to. */
final class RunFolder {
    private RunFolder() {}

    /** Makes the folder, with those above it; one that holds something already is refused, so that no run is lost. */
    static void create(Path folder) {
        try {
            Files.createDirectories(folder);
            try (DirectoryStream<Path> content = Files.newDirectoryStream(folder)) {
                if (content.iterator().hasNext()) {
                    throw new InputException(folder + " is not empty; give a new folder, or empty it");
                }
            }
        } catch (FileAlreadyExistsException e) {
            throw new InputException(folder + " is a file; the output is a folder", e);
        } catch (IOException e) {
            throw new InputException("cannot make the folder " + folder + ": " + e.getMessage(), e);
        }
    }
}
