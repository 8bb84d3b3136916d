package org.gradmimic.data;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * What the paths of a folder or an archive say: splits, classes, and the split, label and id of every image. It depends
 * only on the paths, so a folder and an archive of it give the same ids.
 *
 * <p>The expected layout is {@code [split/]class/…/image}, where the names of split folders are those of {@link SplitFolder}. A folder
 * that contains everything is ignored, and so is what {@link ImagePaths} skips. Paths are compared by their UTF-16 code units,
 * with {@code /} between folders.
 */
final class ImageIndex {
    /** The place of an image. */
    record Entry(Split split, int id, int label) {}

    private final List<String> classNames;
    private final Map<Split, List<String>> paths = new EnumMap<>(Split.class);
    private final Map<Split, long[]> labels = new EnumMap<>(Split.class);
    private final Map<String, Entry> entries = new HashMap<>();
    private final List<String> skipped;
    private final @Nullable String inFoldersOfClass;

    /**
     * @param source named in messages
     * @throws InputException if the paths do not have the expected layout, or a class is empty
     */
    ImageIndex(String source, ImagePaths found) {
        skipped = found.skipped();
        List<String> images = found.images().stream().sorted().toList();
        if (images.isEmpty()) {
            throw InputException.in(
                    source,
                    "holds no images; expected class folders with JPEG, PNG, … in them"
                            + (skipped.isEmpty() ? "" : "; skipped " + String.join("; ", skipped)));
        }
        String root = commonRoot(images);
        Map<String, SplitFolder> splits = SplitFolder.divide(source, images, root);
        boolean divided = !splits.isEmpty();
        Map<Split, TreeSet<String>> classes = new EnumMap<>(Split.class);
        Map<String, String> classOf = new HashMap<>();
        Set<String> full = new HashSet<>();
        String deeper = images.get(0);
        for (String path : images) {
            SplitFolder folder = splits.get(path);
            String prefix = root + (folder != null ? folder.name() + "/" : "");
            int slash = path.indexOf('/', prefix.length());
            if (slash < 0) {
                throw InputException.in(source, path + " lies in no class folder");
            }
            Split split = folder != null ? folder.split() : Split.TRAIN;
            String name = path.substring(prefix.length(), slash);
            classes.computeIfAbsent(split, s -> new TreeSet<>()).add(name);
            full.add(path.substring(root.length(), slash));
            if (path.indexOf('/', slash + 1) < 0) deeper = null;
            paths.computeIfAbsent(split, s -> new ArrayList<>()).add(path);
            classOf.put(path, name);
        }
        inFoldersOfClass = deeper;
        refuseEmptyClasses(source, found.folders(), root, divided ? 2 : 1, full);
        TreeSet<String> names = new TreeSet<>();
        classes.values().forEach(names::addAll);
        classNames = List.copyOf(names);
        Map<String, Integer> labelOf = new HashMap<>();
        classNames.forEach(name -> labelOf.put(name, labelOf.size()));
        paths.forEach((split, list) -> {
            long[] all = new long[list.size()];
            for (int id = 0; id < all.length; id++) {
                int label = Objects.requireNonNull(labelOf.get(classOf.get(list.get(id))));
                all[id] = label;
                entries.put(list.get(id), new Entry(split, id, label));
            }
            labels.put(split, all);
        });
    }

    /** What was skipped; see {@link ImagePaths#skipped}. */
    List<String> skipped() {
        return skipped;
    }

    /** An image, if no image is directly in its class folder: the classes may be the folders below. Else null. */
    @Nullable
    String inFoldersOfClass() {
        return inFoldersOfClass;
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

    /**
     * The folder, with its slash, that contains all images above their split or class folders; empty if there is none.
     */
    private static String commonRoot(List<String> images) {
        String root = "";
        while (true) {
            String prefix = root;
            int slash = images.get(0).indexOf('/', prefix.length());
            if (slash < 0) {
                return root;
            }
            String longer = images.get(0).substring(0, slash + 1);
            boolean shared = SplitFolder.of(images.get(0), prefix) == null
                    && images.stream()
                            .allMatch(path -> path.startsWith(longer) && path.indexOf('/', longer.length()) > 0);
            if (!shared) {
                return root;
            }
            root = longer;
        }
    }

    private static void refuseEmptyClasses(
            String source, List<String> folders, String root, int depth, Set<String> full) {
        for (String folder : new TreeSet<>(folders)) {
            if (!folder.startsWith(root) || FileKind.isSystem(folder)) continue;
            String inner = folder.substring(root.length());
            if (!inner.isEmpty() && inner.split("/").length == depth && !full.contains(inner)) {
                throw InputException.in(source, "the class folder " + folder + " holds no images");
            }
        }
    }
}
