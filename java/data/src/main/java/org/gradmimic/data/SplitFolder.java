package org.gradmimic.data;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * A folder that contains a split.
 *
 * @param split which one
 * @param name of the folder
 */
record SplitFolder(Split split, String name) {
    private static final List<SplitFolder> ALL = List.of(
            new SplitFolder(Split.TRAIN, "train"),
            new SplitFolder(Split.VALIDATION, "val"),
            new SplitFolder(Split.VALIDATION, "valid"),
            new SplitFolder(Split.VALIDATION, "validation"),
            new SplitFolder(Split.TEST, "test"));

    /** All names, for messages. */
    static String names() {
        return ALL.stream().map(SplitFolder::name).collect(Collectors.joining(", "));
    }

    /**
     * The split folder that an image is in. Images directly in a folder named {@code train} show trains: the folder is a
     * split only if it contains folders.
     *
     * @param root what the path begins with before the split folder
     * @return null if there is none
     */
    static @Nullable SplitFolder of(String path, String root) {
        for (SplitFolder folder : ALL) {
            String prefix = folder.name + "/";
            if (path.startsWith(prefix, root.length()) && path.indexOf('/', root.length() + prefix.length()) > 0) {
                return folder;
            }
        }
        return null;
    }

    /**
     * The split folder of every image, by path; empty if the images are not divided into splits.
     *
     * @throws InputException if only some of them are in split folders, or two folders name the same split
     */
    static Map<String, SplitFolder> divide(String source, List<String> images, String root) {
        Map<String, SplitFolder> folders = new HashMap<>();
        String outside = null;
        for (String path : images) {
            SplitFolder folder = of(path, root);
            if (folder != null) folders.put(path, folder);
            else if (outside == null) outside = path;
        }
        if (folders.isEmpty()) return folders;
        if (outside != null) {
            throw InputException.in(
                    source, "is divided into splits, but " + outside + " is in none of the folders " + names());
        }
        Map<Split, SplitFolder> used = new EnumMap<>(Split.class);
        for (SplitFolder folder : folders.values()) {
            SplitFolder other = used.putIfAbsent(folder.split, folder);
            if (other != null && !other.equals(folder)) {
                List<String> both =
                        List.of(other.name, folder.name).stream().sorted().toList();
                throw InputException.in(
                        source,
                        "has two folders of the " + folder.split + " split, " + both.get(0) + " and " + both.get(1));
            }
        }
        return folders;
    }
}
