package org.gradmimic.io.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The folder that a run writes to, locked as long as this object is open. The file {@code .run.json} records what the
 * run was started with and whether it is finished. A folder with that file contains a run; only such a folder is
 * resumed or overwritten.
 */
public final class RunFolder implements AutoCloseable {
    /**
     * What to do with a run that the folder already contains. In a folder without a run, every value starts a new one.
     */
    public enum Start {
        /** Reject it. */
        NEW,
        /** Continue it. */
        RESUME,
        /** Delete it and start a new one. */
        OVERWRITE
    }

    private static final String RUN = ".run.json";

    private final Path folder;
    private final RunRecord record;
    private final FolderLock lock;
    private boolean resumed;

    private RunFolder(Path folder, RunRecord record, FolderLock lock) {
        this.folder = folder;
        this.record = record;
        this.lock = lock;
    }

    /**
     * Takes the lock of the folder and starts a run there, or continues one. Nothing in the folder changes before it is
     * locked, and a rejected folder stays unchanged.
     *
     * @param folder created, with its parents, if it is missing
     * @param record everything that the run's result depends on
     * @param outputs names of the files and folders in {@code folder} that the run writes; overwriting deletes these
     *     and no others
     * @throws RunFolderException if the folder contains a run and {@code start} does not state what to do with it
     * @throws SettingException if the run to be resumed was started with other settings; the message names them
     * @throws InputException if another process uses the folder, it contains anything else, or it cannot be written to
     */
    public static RunFolder begin(Path folder, RunRecord record, Start start, Set<String> outputs) {
        requireRunOrEmpty(folder);
        FolderLock lock = FolderLock.take(folder);
        try {
            RunFolder run = new RunFolder(folder, record, lock);
            run.begin(start, outputs);
            return run;
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Takes the lock of a folder for outputs that cannot be resumed.
     *
     * @param folder created, with its parents, if it is missing
     * @throws InputException if the folder is not empty, another process uses it, or it cannot be written to
     */
    public static FolderLock lockEmpty(Path folder) {
        requireRunOrEmpty(folder);
        FolderLock lock = FolderLock.take(folder);
        try {
            if (Files.exists(folder.resolve(RUN))) throw notEmpty(folder, "it contains a run");
            requireEmpty(folder);
            return lock;
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private void begin(Start start, Set<String> outputs) {
        Stored old = read();
        if (old == null) {
            requireEmpty(folder);
        } else {
            switch (start) {
                case NEW -> throw old.refused(folder, record.growing());
                case RESUME -> {
                    if (!record.command().equals(old.command())) {
                        throw new InputException(folder + " contains a run of " + old.command() + ", which "
                                + record.command() + " cannot resume");
                    }
                    boolean grown = record.requireSame(folder, old.settings());
                    if (old.finished() && !grown) throw old.refused(folder, record.growing());
                    resumed = true;
                }
                case OVERWRITE -> clear(old, outputs);
            }
        }
        write(new Stored(record.command(), false, record.texts()));
    }

    /** Whether this run continues one that the folder contained. */
    public boolean resumed() {
        return resumed;
    }

    /** Records in the folder that the run is finished. */
    public void finish() {
        write(new Stored(record.command(), true, record.texts()));
    }

    /** Releases the folder. A second call does nothing. */
    @Override
    public void close() {
        lock.close();
    }

    /** The content of {@code .run.json}. */
    private record Stored(String command, boolean finished, Map<String, String> settings) {
        RunFolderException refused(Path folder, List<String> growing) {
            return new RunFolderException(
                    folder + (finished ? " is not empty: it contains a finished run" : " contains an unfinished run"),
                    finished,
                    growing);
        }
    }

    private void write(Stored run) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("command", run.command());
        json.put("finished", run.finished());
        json.put("settings", run.settings());
        json.put("environment", record.environment());
        AtomicFile.write(folder.resolve(RUN), Json.pretty(json));
    }

    private @Nullable Stored read() {
        Path file = folder.resolve(RUN);
        if (!Files.exists(file)) return null;
        try (InputStream in = InputFiles.open(file)) {
            JsonNode json = Json.tree(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            Map<String, String> settings = new LinkedHashMap<>();
            json.required("settings")
                    .properties()
                    .forEach(e -> settings.put(e.getKey(), e.getValue().stringValue()));
            return new Stored(
                    json.required("command").stringValue(),
                    json.required("finished").booleanValue(),
                    settings);
        } catch (IOException e) {
            throw new InputException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        } catch (InvalidArgumentException e) {
            throw new InputException(file + " is damaged: it " + e.getMessage(), e);
        } catch (JacksonException e) {
            throw new InputException(file + " is damaged: " + e.getOriginalMessage(), e);
        }
    }

    /** Checks the folder before it is locked, so that a folder without a run is not changed at all. */
    private static void requireRunOrEmpty(Path folder) {
        if (Files.isDirectory(folder) && !Files.exists(folder.resolve(RUN))) requireEmpty(folder);
    }

    private static void requireEmpty(Path folder) {
        for (Path entry : content(folder)) {
            if (!isLeftover(entry)) throw notEmpty(folder, "it holds " + entry.getFileName());
        }
    }

    private static InputException notEmpty(Path folder, String why) {
        return new InputException(folder + " is not empty: " + why + "; use a new folder, or empty it");
    }

    /** Whether a file is the lock, or a remainder of a process that was killed while it wrote a file. */
    private static boolean isLeftover(Path entry) {
        return entry.getFileName().toString().equals(FolderLock.FILE) || AtomicFile.isTemporary(entry);
    }

    private static List<Path> content(Path folder) {
        try (DirectoryStream<Path> content = Files.newDirectoryStream(folder)) {
            List<Path> entries = new ArrayList<>();
            content.forEach(entries::add);
            return entries;
        } catch (IOException e) {
            throw new InputException("cannot read the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Deletes the outputs of a run. First it marks the run as unfinished, and {@code .run.json} stays until the end.
     * Therefore a run whose deletion is interrupted can be overwritten or resumed.
     */
    private void clear(Stored old, Set<String> outputs) {
        record.requireOutside(folder);
        List<Path> doomed = new ArrayList<>();
        for (Path entry : content(folder)) {
            String name = entry.getFileName().toString();
            if (outputs.contains(name)) {
                doomed.add(entry);
            } else if (!name.equals(RUN) && !isLeftover(entry)) {
                throw new InputException("cannot overwrite the run in " + folder + ", which also contains " + name
                        + ", a file that does not belong to such a run; move it elsewhere, or use a new folder");
            }
        }
        write(new Stored(old.command(), false, old.settings()));
        // Hidden files first: without its checkpoint a resumed run starts again, whatever else is missing.
        doomed.sort((a, b) -> Boolean.compare(isHidden(b), isHidden(a)));
        doomed.forEach(RunFolder::delete);
    }

    private static boolean isHidden(Path entry) {
        return entry.getFileName().toString().startsWith(".");
    }

    private static void delete(Path entry) {
        try {
            Files.walkFileTree(entry, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                        throws IOException {
                    if (failure != null) throw failure;
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new InputException("cannot delete " + entry + ": " + AtomicFile.reason(e), e);
        }
    }
}
