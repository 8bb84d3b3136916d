package org.gradmimic.data;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The images of a folder or an archive: the split, label and id of each, by its path. From class folders it depends only on
 * the paths, so a folder and an archive of it give the same ids. From a {@link Manifest} it has the order of the manifest.
 */
final class ImageIndex {
    /** The place of an image. */
    record Entry(Split split, int id, int label) {}

    /** An image and what is known of it. */
    record Item(Split split, String path, int label) {}

    private final List<String> classNames;
    private final Map<Split, List<String>> paths = new EnumMap<>(Split.class);
    private final Map<Split, long[]> labels = new EnumMap<>(Split.class);
    private final Map<String, Entry> entries = new HashMap<>();
    private final List<String> notes;

    /**
     * @param classNames by label
     * @param items in the order of their ids; each path occurs once
     * @param notes see {@link #notes()}
     */
    ImageIndex(List<String> classNames, List<Item> items, List<String> notes) {
        this.classNames = List.copyOf(classNames);
        this.notes = List.copyOf(notes);
        for (Item item : items) {
            List<String> list = paths.computeIfAbsent(item.split(), split -> new ArrayList<>());
            entries.put(item.path(), new Entry(item.split(), list.size(), item.label()));
            list.add(item.path());
        }
        paths.forEach((split, list) -> labels.put(
                split,
                list.stream()
                        .mapToLong(path ->
                                Objects.requireNonNull(entries.get(path)).label())
                        .toArray()));
    }

    /** What a person should know of the layout; a sentence each. */
    List<String> notes() {
        return notes;
    }

    List<String> classNames() {
        return classNames;
    }

    /** The paths of the images of a split in the order of their ids; empty if there is no such split. */
    List<String> paths(Split split) {
        return paths.getOrDefault(split, List.of());
    }

    long[] labels(Split split) {
        return Objects.requireNonNull(labels.get(split), split + " has no images")
                .clone();
    }

    /** The entry of a path, null if it is not an image of this index. */
    @Nullable
    Entry find(String path) {
        return entries.get(path);
    }
}
