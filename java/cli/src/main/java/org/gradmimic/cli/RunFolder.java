package org.gradmimic.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;

/**
 * The folder that a run writes to. While the run is unfinished, the folder contains the settings it was started with.
 */
final class RunFolder {
    private static final String SETTINGS = ".settings";

    private RunFolder() {}

    /** Creates the folder and its parents. A folder that is not empty is rejected, so that no run is lost. */
    static void create(Path folder) {
        make(folder);
        if (Files.exists(folder.resolve(SETTINGS))) {
            throw new InputException(
                    folder + " contains an unfinished run; continue it with --resume, or give a new folder");
        }
        if (!isEmpty(folder)) throw new InputException(folder + " is not empty; give a new folder, or empty it");
    }

    /**
     * Starts a run that can be resumed, or continues one.
     *
     * @param settings by name, everything that the result depends on; it must be the same in a resumed run
     * @param resume whether an unfinished run may exist; in a folder without one a new run starts either way
     * @return whether an unfinished run exists
     * @throws InputException if there is an unfinished run with other settings, which are named, and as {@link #create}
     */
    static boolean begin(Path folder, Map<String, String> settings, boolean resume) {
        Path file = folder.resolve(SETTINGS);
        if (resume && Files.exists(file)) {
            requireSame(folder, read(file), settings);
            return true;
        }
        create(folder);
        List<String> lines = new ArrayList<>();
        settings.forEach((name, value) -> lines.add(name + "=" + value));
        AtomicFile.write(file, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
        return false;
    }

    /** Marks the run as finished, so that there is nothing to resume. */
    static void finish(Path folder) {
        try {
            Files.deleteIfExists(folder.resolve(SETTINGS));
        } catch (IOException e) {
            throw new InputException("cannot delete " + folder.resolve(SETTINGS) + ": " + e.getMessage(), e);
        }
    }

    private static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new InputException(folder + " is a file; the output is a folder", e);
        } catch (IOException e) {
            throw new InputException("cannot create the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /** Ignores what a run left behind that was killed while it wrote its settings. */
    private static boolean isEmpty(Path folder) {
        try (DirectoryStream<Path> content = Files.newDirectoryStream(folder)) {
            for (Path entry : content) {
                if (!AtomicFile.isTemporary(entry)) return false;
            }
            return true;
        } catch (IOException e) {
            throw new InputException("cannot read the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    private static Map<String, String> read(Path file) {
        try {
            Map<String, String> settings = new LinkedHashMap<>();
            for (String line : Files.readAllLines(file)) {
                int equals = line.indexOf('=');
                if (equals > 0) settings.put(line.substring(0, equals), line.substring(equals + 1));
            }
            return settings;
        } catch (IOException e) {
            throw new InputException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static void requireSame(Path folder, Map<String, String> before, Map<String, String> now) {
        List<String> others = new ArrayList<>();
        Map<String, String> all = new LinkedHashMap<>(before);
        all.putAll(now);
        for (String name : all.keySet()) {
            String old = before.getOrDefault(name, "none");
            String given = now.getOrDefault(name, "none");
            if (!old.equals(given)) others.add(name + " (" + old + ", now " + given + ")");
        }
        if (!others.isEmpty()) {
            throw new InputException("cannot resume the run in " + folder + ", which was started with other settings: "
                    + String.join(", ", others));
        }
    }
}
