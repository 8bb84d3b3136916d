package org.gradmimic.report.html;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.duckdb.DuckDBDataChunkReader;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.sample.ClassNames;
import org.jspecify.annotations.Nullable;

/** The labels of all samples of a run and, for some of them, paths, splits and captions. */
final class SampleTable {
    private static final String ID = "id";
    private static final String LABEL = "label";
    private static final String CLASS = "class";
    private static final String PATH = "path";
    private static final String SPLIT = "split";
    /** Names that a column of captions has. */
    private static final List<String> CAPTIONS = List.of("caption", "text");

    private final List<ParquetReader> files;
    private final int @Nullable [] labels;
    private final List<String> classNames;

    private SampleTable(List<ParquetReader> files, int @Nullable [] labels, List<String> classNames) {
        this.files = files;
        this.labels = labels;
        this.classNames = classNames;
    }

    /**
     * Reads labels.npy, otherwise the labels in samples.parquet, and classes.txt.
     *
     * @param fallback names of classes, for a folder without classes.txt
     * @throws InputException if a file is damaged, or samples.parquet has an id twice or above its number of rows
     */
    static SampleTable read(RunFiles run, List<String> fallback) {
        Path classes = run.find(ClassNames.FILE);
        List<String> names = new ArrayList<>(classes == null ? fallback : ClassNames.read(classes));
        Path samples = run.samples();
        List<ParquetReader> files = samples == null ? List.of() : typed(ParquetReader.openAll(samples));
        Map<Integer, String> of = new TreeMap<>();
        int[] stored = files.isEmpty() ? null : labels(files, of);
        // A run may have been trained on other labels than those of the data set.
        Path array = run.find("labels.npy");
        int[] labels = array == null ? stored : ofArray(array);
        if (labels != null) complete(names, labels, of);
        return new SampleTable(files, labels, List.copyOf(names));
    }

    private static List<ParquetReader> typed(List<ParquetReader> found) {
        boolean labelled = ParquetReader.have(found, LABEL);
        boolean named = ParquetReader.have(found, CLASS);
        return found.stream()
                .map(file -> file.integers(ID))
                .map(file -> labelled ? file.integers(LABEL) : file)
                .map(file -> named ? file.texts(CLASS) : file)
                .toList();
    }

    private static int[] ofArray(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            long[] values = npy.requireRank(1).readLongs();
            int[] labels = new int[values.length];
            for (int i = 0; i < labels.length; i++) labels[i] = label(file, i, values[i]);
            return labels;
        }
    }

    private static int label(Path file, long row, long label) {
        if (label < -1 || label > 1_000_000) {
            throw InputException.at(file, "row", row, "has the label " + label + ", expected 0 to 1000000");
        }
        return (int) label;
    }

    /** The label of each row by its id, or null if the file has none; names of classes go into {@code of}. */
    private static int @Nullable [] labels(List<ParquetReader> files, Map<Integer, String> of) {
        if (!ParquetReader.have(files, LABEL)) return null;
        boolean named = ParquetReader.have(files, CLASS);
        int count = count(files);
        int[] labels = new int[count];
        Arrays.fill(labels, Integer.MIN_VALUE);
        List<String> columns = named ? List.of(ID, LABEL, CLASS) : List.of(ID, LABEL);
        ParquetReader.scanAll(files, columns, (file, first, chunk) -> {
            for (int i = 0; i < chunk.rowCount(); i++) {
                int id = id(file, first + i, chunk, i, count);
                if (labels[id] != Integer.MIN_VALUE) {
                    throw InputException.at(
                            file.file(), "row", first + i, "has the id " + id + ", which occurred before");
                }
                labels[id] = chunk.vector(1).isNull(i)
                        ? -1
                        : label(file.file(), first + i, chunk.vector(1).getLong(i));
                if (named
                        && labels[id] >= 0
                        && !of.containsKey(labels[id])
                        && !chunk.vector(2).isNull(i))
                    of.put(labels[id], chunk.vector(2).getString(i));
            }
        });
        return labels;
    }

    private static int count(List<ParquetReader> files) {
        long rows = ParquetReader.rows(files);
        if (rows > Integer.MAX_VALUE - 8) {
            throw InputException.in(files.get(0).file(), "has " + rows + " samples, too many for a report");
        }
        return (int) rows;
    }

    private static int id(ParquetReader file, long row, DuckDBDataChunkReader chunk, int i, int count) {
        long id = chunk.vector(0).isNull(i) ? -1 : chunk.vector(0).getLong(i);
        if (id < 0 || id >= count) {
            throw InputException.at(
                    file.file(), "row", row, "has the id " + (id < 0 ? "NULL" : id) + ", expected 0 to " + (count - 1));
        }
        return (int) id;
    }

    /** Gives every label a name: of classes.txt, of the samples, or its number. */
    private static void complete(List<String> names, int[] labels, Map<Integer, String> of) {
        int classes = Arrays.stream(labels).max().orElse(-1) + 1;
        for (int c = names.size(); c < classes; c++) names.add(of.getOrDefault(c, "class " + c));
    }

    /** The label of each sample, −1 for none; null if no file has labels. */
    int @Nullable [] labels() {
        return labels;
    }

    /** By label. */
    List<String> classNames() {
        return classNames;
    }

    /** What is known of some samples, by position in the list that was asked for. */
    record Texts(
            @Nullable String @Nullable [] paths,
            @Nullable String @Nullable [] splits,
            @Nullable String @Nullable [] captions) {}

    /** Texts of the listed samples, which are in ascending order. */
    Texts texts(int[] listed) {
        if (files.isEmpty()) return new Texts(null, null, null);
        Map<Integer, Integer> places = new HashMap<>();
        for (int i = 0; i < listed.length; i++) places.put(listed[i], i);
        String caption = CAPTIONS.stream()
                .filter(name -> ParquetReader.have(files, name))
                .findFirst()
                .orElse(null);
        return new Texts(
                column(ParquetReader.have(files, PATH) ? PATH : null, places),
                column(ParquetReader.have(files, SPLIT) ? SPLIT : null, places),
                column(caption, places));
    }

    private @Nullable String @Nullable [] column(@Nullable String name, Map<Integer, Integer> places) {
        if (name == null) return null;
        @Nullable String[] texts = new String[places.size()];
        int count = count(files);
        List<ParquetReader> typed = files.stream().map(file -> file.texts(name)).toList();
        ParquetReader.scanAll(typed, List.of(ID, name), (file, first, chunk) -> {
            for (int i = 0; i < chunk.rowCount(); i++) {
                Integer place = places.get(id(file, first + i, chunk, i, count));
                if (place != null && !chunk.vector(1).isNull(i))
                    texts[place] = chunk.vector(1).getString(i);
            }
        });
        return texts;
    }
}
