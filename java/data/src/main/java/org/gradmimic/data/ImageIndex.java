package org.gradmimic.data;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
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
 * <p>The expected layout is {@code [train|test/]class/…/image}. A folder that contains everything is ignored, as are
 * hidden files and folders, and files without the extension of an image. Paths are compared by their UTF-16 code units,
 * with {@code /} between folders.
 */
final class ImageIndex {
    private static final Set<String> ENDINGS =
            Set.of("jpg", "jpeg", "jpe", "png", "bmp", "dib", "webp", "tif", "tiff", "gif", "ppm", "pgm", "pbm", "pnm");

    /** The place of an image. */
    record Entry(Split split, int id, int label) {}

    private final List<String> classNames;
    private final Map<Split, List<String>> paths = new EnumMap<>(Split.class);
    private final Map<Split, long[]> labels = new EnumMap<>(Split.class);
    private final Map<String, Entry> entries = new HashMap<>();

    /**
     * @param source named in messages
     * @param files relative paths of all files, {@code /} between folders
     * @param folders relative paths of all known folders; those of files need not be included
     * @throws InputException if they do not have the expected layout, or a class is empty
     */
    ImageIndex(String source, Collection<String> files, Collection<String> folders) {
        List<String> images =
                files.stream().filter(ImageIndex::isImage).sorted().toList();
        if (images.isEmpty()) {
            throw InputException.in(source, "holds no images; expected class folders with JPEG, PNG, … in them");
        }
        String root = commonRoot(images);
        boolean divided = images.stream().allMatch(path -> splitOf(path, root) != null);
        if (!divided && images.stream().anyMatch(path -> splitOf(path, root) != null)) {
            String outside = images.stream()
                    .filter(path -> splitOf(path, root) == null)
                    .findFirst()
                    .orElseThrow();
            throw InputException.in(source, "has train or test folders, but " + outside + " lies in neither");
        }
        Map<Split, TreeSet<String>> classes = new EnumMap<>(Split.class);
        Map<String, String> classOf = new HashMap<>();
        for (String path : images) {
            String prefix = root + (divided ? splitOf(path, root) + "/" : "");
            int slash = path.indexOf('/', prefix.length());
            if (slash < 0) {
                throw InputException.in(source, path + " lies in no class folder");
            }
            Split split = divided ? splitOf(path, root) : Split.TRAIN;
            String name = path.substring(prefix.length(), slash);
            classes.computeIfAbsent(split, s -> new TreeSet<>()).add(name);
            paths.computeIfAbsent(split, s -> new ArrayList<>()).add(path);
            classOf.put(path, name);
        }
        refuseEmptyClasses(source, folders, root, divided, classes);
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

    static boolean isImage(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot > 0
                && !isHidden(path)
                && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    /** Whether the name of the file, or of a folder above it, begins with a dot. */
    private static boolean isHidden(String path) {
        return path.startsWith(".") || path.contains("/.");
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
            boolean shared = splitOf(images.get(0), prefix) == null
                    && images.stream()
                            .allMatch(path -> path.startsWith(longer) && path.indexOf('/', longer.length()) > 0);
            if (!shared) {
                return root;
            }
            root = longer;
        }
    }

    /** Images directly in a folder named train are images of trains. Only a folder with folders in it is a split. */
    private static @Nullable Split splitOf(String path, String root) {
        for (Split split : Split.values()) {
            String folder = split + "/";
            if (path.startsWith(folder, root.length()) && path.indexOf('/', root.length() + folder.length()) > 0) {
                return split;
            }
        }
        return null;
    }

    private static void refuseEmptyClasses(
            String source,
            Collection<String> folders,
            String root,
            boolean divided,
            Map<Split, TreeSet<String>> classes) {
        Set<String> full = new HashSet<>();
        classes.forEach((split, names) -> names.forEach(name -> full.add((divided ? split + "/" : "") + name)));
        int depth = divided ? 2 : 1;
        for (String folder : new TreeSet<>(folders)) {
            if (folder.startsWith(root)) {
                String inner = folder.substring(root.length());
                if (!inner.isEmpty() && !isHidden(inner) && inner.split("/").length == depth && !full.contains(inner)) {
                    throw InputException.in(source, "the class folder " + folder + " holds no images");
                }
            }
        }
    }
}
