package org.gradmimic.report.html;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.Json;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.score.ScoreLog;
import org.jspecify.annotations.Nullable;

/** The files of a run's folder that a report shows; each may be missing. docs/formats.md describes them. */
final class RunFiles {
    private static final String CORRUPTED = "corrupted.npy";

    private final Path folder;

    /** @throws InputException if there is no such folder, or nothing in it belongs to a run */
    RunFiles(Path folder) {
        this.folder = folder;
        if (!Files.isDirectory(folder)) throw InputException.in(folder, "no such folder; expected the folder of a run");
        if (find("metrics.json") == null
                && find(".run.json") == null
                && scoreLog() == null
                && scoreArray() == null
                && issues() == null
                && filters().isEmpty()) {
            throw InputException.in(
                    folder,
                    "is not the folder of a run: it holds neither metrics.json nor a score log, issues.parquet or a filter");
        }
    }

    Path folder() {
        return folder;
    }

    @Nullable
    Path find(String name) {
        Path file = folder.resolve(name);
        return Files.exists(file) ? file : null;
    }

    /** Of a run that has not ended, the finished parts. Null if there is no log, or none of its parts is finished. */
    @Nullable
    ScoreLog scoreLog() {
        Path log = find("scores");
        if (log == null || !Files.isDirectory(log)) return null;
        return entries(log).stream().anyMatch(RunFiles::isParquet) ? ScoreLog.open(log) : null;
    }

    private static boolean isParquet(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".parquet") && !name.startsWith(".");
    }

    @Nullable
    Path scoreArray() {
        return find("scores.npy");
    }

    @Nullable
    Path samples() {
        return find("samples.parquet");
    }

    @Nullable
    Path issues() {
        return find("issues.parquet");
    }

    /** Which samples are known as mislabelled. */
    @Nullable
    Path corrupted() {
        return find(CORRUPTED);
    }

    /** The files that say which samples are kept, in the order of their names. */
    List<Path> filters() {
        List<Path> filters = new ArrayList<>();
        for (Path file : entries(folder)) {
            String name = file.getFileName().toString();
            if (name.startsWith(".") || name.equals(CORRUPTED) || !Files.isRegularFile(file)) continue;
            if (name.endsWith(".npy") && isFlags(file)) filters.add(file);
            if (name.endsWith(".parquet") && ParquetReader.open(file).columns().containsKey("keep")) filters.add(file);
        }
        return filters;
    }

    private static boolean isFlags(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.type() == NpyType.BOOL && npy.rank() == 1;
        }
    }

    private static List<Path> entries(Path folder) {
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            List<Path> entries = new ArrayList<>();
            stream.forEach(entries::add);
            Collections.sort(entries);
            return entries;
        } catch (IOException e) {
            throw new InputException("cannot read the folder " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * An object in JSON.
     *
     * @return empty if there is no such file
     * @throws InputException if the file is damaged
     */
    Map<String, Object> json(String name) {
        Path file = find(name);
        if (file == null) return Map.of();
        InputFiles.requireRegular(file);
        try {
            Object value = Json.value(Files.readString(file, StandardCharsets.UTF_8));
            if (value instanceof Map<?, ?>) return Values.map(value);
            throw InputException.in(file, "is no object in JSON");
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
        } catch (InvalidArgumentException e) {
            throw InputException.in(file, e.getMessage(), e);
        }
    }
}
