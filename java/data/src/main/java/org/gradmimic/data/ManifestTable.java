package org.gradmimic.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.io.DelimitedText;
import org.gradmimic.io.ParquetReader;
import org.jspecify.annotations.Nullable;

/** Reads the rows of a manifest from CSV, TSV or Parquet. */
final class ManifestTable {
    /** The names by which the columns are found, the first that exists. */
    private static final List<String> PATH = List.of("path", "file_name", "filename", "file", "image");

    private static final List<String> LABEL = List.of("label", "class", "class_name");
    private static final List<String> SPLIT = List.of("split");
    private static final String CLASS = "class";

    private static final Map<String, Split> SPLITS = Map.of(
            "train", Split.TRAIN,
            "training", Split.TRAIN,
            "val", Split.VALIDATION,
            "valid", Split.VALIDATION,
            "validation", Split.VALIDATION,
            "test", Split.TEST);

    private final Path file;
    private final String unit;
    private final String path;
    private final String label;
    /** The column of class names beside numbers; null if there is none. */
    private final @Nullable String name;

    private final @Nullable String split;
    private final List<ManifestRow> rows = new ArrayList<>();

    private ManifestTable(
            Path file,
            String unit,
            Collection<String> columns,
            @Nullable String path,
            @Nullable String label,
            @Nullable String split) {
        this.file = file;
        this.unit = unit;
        this.path = require(columns, path, PATH, "the path of an image", "path");
        this.label = require(columns, label, LABEL, "its class", "label");
        this.name = label == null && this.label.equals("label") && columns.contains(CLASS) ? CLASS : null;
        this.split = split == null && !columns.contains(SPLIT.get(0))
                ? null
                : require(columns, split, SPLIT, "its split", "split");
    }

    /**
     * Reads a manifest.
     *
     * @param path the column with the paths; null for the first of {@link #PATH}
     * @param label the column with the labels; null for the first of {@link #LABEL}
     * @param split the column with the splits; null for {@code split}, if it exists
     */
    static List<ManifestRow> read(Path file, @Nullable String path, @Nullable String label, @Nullable String split) {
        String ending = file.toString().toLowerCase(Locale.ROOT);
        if (ending.endsWith(".parquet")) return readParquet(file, path, label, split);
        ManifestTable[] table = {null};
        List<String> heading = new ArrayList<>();
        DelimitedText.forEach(file, ending.endsWith(".tsv") ? '\t' : ',', (line, fields) -> {
            ManifestTable known = table[0];
            if (known == null) {
                fields.forEach(field -> heading.add(field.strip()));
                table[0] = new ManifestTable(file, "line", heading, path, label, split);
                return;
            }
            known.add(
                    line,
                    fields.get(heading.indexOf(known.path)),
                    fields.get(heading.indexOf(known.label)),
                    known.name == null ? "" : fields.get(heading.indexOf(known.name)),
                    known.split == null ? "" : fields.get(heading.indexOf(known.split)));
        });
        ManifestTable known = table[0];
        return known == null ? List.of() : known.rows;
    }

    private static List<ManifestRow> readParquet(
            Path file, @Nullable String path, @Nullable String label, @Nullable String split) {
        ParquetReader reader = ParquetReader.open(file);
        ManifestTable table = new ManifestTable(file, "row", reader.columns().keySet(), path, label, split);
        List<String> columns = new ArrayList<>(List.of(table.path, table.label));
        if (table.name != null) columns.add(table.name);
        if (table.split != null) columns.add(table.split);
        ParquetReader texts = reader;
        for (String column : List.copyOf(columns)) texts = texts.asText(column);
        ParquetReader.scanAll(List.of(texts), columns, (part, first, chunk) -> {
            for (long i = 0; i < chunk.rowCount(); i++) {
                List<String> values = new ArrayList<>();
                for (int column = 0; column < columns.size(); column++) {
                    String value = chunk.vector(column).getString(i);
                    values.add(value == null ? "" : value);
                }
                int next = 2;
                String name = table.name == null ? "" : values.get(next++);
                table.add(first + i, values.get(0), values.get(1), name, table.split == null ? "" : values.get(next));
            }
        });
        return table.rows;
    }

    private void add(long place, String pathText, String labelText, String nameText, String splitText) {
        String image = pathText.strip().replace('\\', '/');
        while (image.startsWith("./")) image = image.substring(2);
        if (image.isEmpty()) throw InputException.at(file, unit, place, "has no " + path);
        String given = labelText.strip();
        if (given.isEmpty()) throw InputException.at(file, unit, place, "has no " + label);
        rows.add(new ManifestRow(unit, place, image, given, nameText.strip(), splitOf(place, splitText.strip())));
    }

    private Split splitOf(long place, String text) {
        if (split == null) return Split.TRAIN;
        Split found = SPLITS.get(text.toLowerCase(Locale.ROOT));
        if (found != null) return found;
        throw InputException.at(
                file, unit, place, split + " is '" + text + "'; expected train, val, valid, validation or test");
    }

    private String require(
            Collection<String> columns, @Nullable String given, List<String> usual, String what, String option) {
        if (given != null ? columns.contains(given) : usual.stream().anyMatch(columns::contains)) {
            return given != null
                    ? given
                    : usual.stream().filter(columns::contains).findFirst().orElseThrow();
        }
        throw InputException.in(
                file,
                "has the columns " + String.join(", ", columns) + "; expected "
                        + (given != null ? given : String.join(" or ", usual)) + " for " + what
                        + (given != null ? "" : "; another name is given by ," + option + "=COLUMN"));
    }
}
