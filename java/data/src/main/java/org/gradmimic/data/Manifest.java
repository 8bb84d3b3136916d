package org.gradmimic.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * A table of images and their labels. The order of its rows is the order of the samples. Its syntax is in {@link
 * Datasets#open}.
 *
 * <p>Labels are names or numbers. If all are whole numbers from 0 up, they are the numbers of the classes; otherwise the sorted
 * names are numbered. Beside a column of numbers named {@code label}, a column named {@code class} has their names.
 */
final class Manifest implements ImageLayout {
    private static final Pattern SPEC =
            Pattern.compile("(.+?\\.(?i:csv|tsv|parquet))((?:,(?:root|path|label|split)=[^,]*)*)");
    private static final Pattern OPTION = Pattern.compile(",([a-z]+)=([^,]*)");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,8}");

    /** Far above any real number of classes. Ids given as labels would make as many. */
    private static final int MAX_CLASSES = 10_000_000;

    private final String file;
    private final Path root;
    private final String unit;
    private final List<ImageIndex.Item> items = new ArrayList<>();
    private final Map<String, Long> lines = new LinkedHashMap<>();
    private final List<String> classNames;

    private Manifest(Path file, Path root, List<ManifestRow> rows) {
        this.file = file.toString();
        this.root = root;
        this.unit = rows.isEmpty() ? "" : rows.get(0).unit();
        this.classNames = classNames(rows);
        Map<String, Integer> labels = numbered(classNames);
        boolean numbers = areNumbers(rows);
        for (ManifestRow row : rows) {
            Long before = lines.putIfAbsent(row.path(), row.place());
            if (before != null) {
                throw InputException.at(
                        file, row.unit(), row.place(), row.path() + " is already in " + row.unit() + " " + before);
            }
            int label = numbers ? Integer.parseInt(row.label()) : Objects.requireNonNull(labels.get(row.label()));
            items.add(new ImageIndex.Item(row.split(), row.path(), label));
        }
        if (items.isEmpty()) throw InputException.in(file, "lists no images");
    }

    /** Whether a location names a manifest; if so, it is read. */
    static @Nullable Manifest of(String spec, String location) {
        Matcher parts = SPEC.matcher(location);
        if (!parts.matches() || Files.isDirectory(Path.of(parts.group(1)))) return null;
        Map<String, String> options = new HashMap<>();
        Matcher option = OPTION.matcher(parts.group(2));
        while (option.find()) {
            if (option.group(2).isEmpty() || options.put(option.group(1), option.group(2)) != null) {
                throw new InputException("data set '" + spec + "': " + option.group(1) + "= is empty or given twice");
            }
        }
        Path file = Path.of(parts.group(1));
        @Nullable String root = options.get("root");
        Path beside = Objects.requireNonNullElse(file.getParent(), Path.of("."));
        return new Manifest(
                file,
                root == null ? beside : Path.of(root),
                ManifestTable.read(file, options.get("path"), options.get("label"), options.get("split")));
    }

    private static boolean areNumbers(List<ManifestRow> rows) {
        return rows.stream().allMatch(row -> NUMBER.matcher(row.label()).matches());
    }

    private List<String> classNames(List<ManifestRow> rows) {
        if (!areNumbers(rows)) {
            TreeSet<String> names = new TreeSet<>();
            rows.forEach(row -> names.add(row.label()));
            return List.copyOf(names);
        }
        Map<Integer, String> names = new HashMap<>();
        Map<String, Integer> numbers = new HashMap<>();
        int highest = -1;
        for (ManifestRow row : rows) {
            int label = Integer.parseInt(row.label());
            if (label >= MAX_CLASSES) {
                throw InputException.at(
                        file, row.unit(), row.place(), "label is " + label + "; expected a class below " + MAX_CLASSES);
            }
            highest = Math.max(highest, label);
            if (row.name().isEmpty()) continue;
            String name = names.putIfAbsent(label, row.name());
            Integer number = numbers.putIfAbsent(row.name(), label);
            if (name != null && !name.equals(row.name()) || number != null && number != label) {
                throw InputException.at(
                        file,
                        row.unit(),
                        row.place(),
                        "label " + label + " is class " + row.name() + ", unlike in rows before");
            }
        }
        List<String> all = new ArrayList<>();
        for (int label = 0; label <= highest; label++) {
            all.add(names.getOrDefault(label, Integer.toString(label)));
        }
        return all;
    }

    /** The number of each name. */
    static Map<String, Integer> numbered(List<String> names) {
        Map<String, Integer> numbers = new HashMap<>();
        names.forEach(name -> numbers.putIfAbsent(name, numbers.size()));
        return numbers;
    }

    /** The folder or archive that contains the images. */
    Path root() {
        return root;
    }

    @Override
    public Collection<String> listed() {
        return lines.keySet();
    }

    @Override
    public ImagePaths paths() {
        return new ImagePaths(lines::containsKey);
    }

    @Override
    public ImageIndex index(String source, ImagePaths found) {
        if (found.images().size() < lines.size()) {
            List<String> missing = new ArrayList<>(lines.keySet());
            missing.removeAll(new HashSet<>(found.images()));
            throw InputException.in(
                    file,
                    missing.size() + " of " + lines.size() + " images are not in " + source + ", such as "
                            + missing.get(0) + " (" + unit + " " + lines.get(missing.get(0)) + ")");
        }
        return new ImageIndex(classNames, items, List.of());
    }
}
