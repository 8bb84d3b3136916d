package org.gradmimic.score;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.Json;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.reshard.Shard;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The folder of the shards that are finished: for each a table per epoch, and then a file of counts, whose existence
 * says that the shard is finished. All files are whole or absent, and a shard's do not depend on who scored it, so several
 * processes may write the same shard.
 */
public final class ShardParts {
    private static final Pattern NAME = Pattern.compile("shard-\\d{8}(-\\d{4})?\\.(json|parquet)");

    private final Path folder;

    /** @param folder exists */
    public ShardParts(Path folder) {
        this.folder = folder;
    }

    /** The folder of parts of an output. Its name begins with a dot, so that no reader takes it for data. */
    static Path of(Path out) {
        return out.resolveSibling("." + out.getFileName() + ".parts");
    }

    /**
     * The counts of a finished shard.
     *
     * @param shard its path as it was given
     * @param bytes its size
     * @param samples number of its samples with scores
     * @param batches number of its batches
     * @param nonFinite number of its samples without a finite score at some checkpoint
     * @param bad its samples that were left out
     */
    record Counts(String shard, long bytes, long samples, long batches, long nonFinite, List<BadSample> bad) {}

    private Path counts(int shard) {
        return folder.resolve(String.format(Locale.ROOT, "shard-%08d.json", shard));
    }

    private Path table(int shard, int epoch) {
        return folder.resolve(String.format(Locale.ROOT, "shard-%08d-%04d.parquet", shard, epoch));
    }

    /** Writes a finished shard. */
    void write(int shard, List<ShardTable> epochs, Counts counts) {
        for (int epoch = 0; epoch < epochs.size(); epoch++) epochs.get(epoch).write(table(shard, epoch));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("shard", counts.shard());
        json.put("bytes", counts.bytes());
        json.put("samples", counts.samples());
        json.put("batches", counts.batches());
        json.put("non_finite", counts.nonFinite());
        json.put(
                "bad",
                counts.bad().stream()
                        .map(bad -> Map.of("key", bad.key(), "reason", bad.reason()))
                        .toList());
        AtomicFile.write(counts(shard), Json.pretty(json));
    }

    /** Whether a shard is finished. */
    public boolean has(int shard) {
        return Files.exists(counts(shard));
    }

    /**
     * The counts of a finished shard.
     *
     * @throws InputException if they are damaged, or those of another shard
     */
    Counts read(int shard, Shard expected) {
        Path file = counts(shard);
        try {
            JsonNode json = Json.tree(Files.readString(file));
            List<BadSample> bad = new ArrayList<>();
            for (JsonNode one : json.required("bad")) {
                bad.add(new BadSample(
                        one.required("key").stringValue(),
                        one.required("reason").stringValue()));
            }
            Counts counts = new Counts(
                    json.required("shard").stringValue(),
                    json.required("bytes").longValue(),
                    json.required("samples").longValue(),
                    json.required("batches").longValue(),
                    json.required("non_finite").longValue(),
                    bad);
            if (!counts.shard().equals(expected.tar().toString()) || counts.bytes() != ShardScoring.size(expected)) {
                throw InputException.in(
                        file, "is of another file than " + expected.tar() + "; delete the folder to begin again");
            }
            return counts;
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
        } catch (InvalidArgumentException | JacksonException e) {
            throw InputException.in(file, "is damaged; delete it to score its shard again", e);
        }
    }

    /** Joins the tables of an epoch, in the order of the shards. Only one shard is in memory at a time. */
    void join(List<Counts> shards, int epoch, int number, Path out) {
        long batches = shards.stream().mapToLong(Counts::batches).sum();
        ParquetColumns.write(out, new Iterator<>() {
            private int shard;
            private long sample;
            private long step = number * batches;

            @Override
            public boolean hasNext() {
                return shard < shards.size();
            }

            @Override
            public ParquetColumns next() {
                Counts counts = shards.get(shard);
                ShardTable table = ShardTable.read(table(shard, epoch), Math.toIntExact(counts.samples()));
                ParquetColumns columns = table.columns(counts.shard(), sample, number, step);
                sample += counts.samples();
                step += counts.batches();
                shard++;
                return columns;
            }
        });
    }

    /** The names of all parts that are there. */
    Set<String> names() {
        Set<String> names = new HashSet<>();
        if (!Files.isDirectory(folder)) return names;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (NAME.matcher(name).matches()) names.add(name);
            }
        } catch (IOException e) {
            throw InputException.in(folder, "cannot be read: " + AtomicFile.reason(e), e);
        }
        return names;
    }

    /** Deletes all parts. */
    void delete() {
        for (String name : names()) {
            try {
                Files.deleteIfExists(folder.resolve(name));
            } catch (IOException e) {
                throw InputException.in(folder.resolve(name), "cannot be deleted: " + AtomicFile.reason(e), e);
            }
        }
    }
}
