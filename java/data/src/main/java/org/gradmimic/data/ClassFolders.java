package org.gradmimic.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.gradmimic.base.InputException;

/**
 * What the paths of class folders say. The expected layout is {@code [split/]class/…/image}, where the names of split folders
 * are those of {@link SplitFolder}. A folder that contains everything is ignored, and so is what {@link ImagePaths} skips.
 * Paths are compared by their UTF-16 code units, with {@code /} between folders.
 */
final class ClassFolders {
    private ClassFolders() {}

    private record Found(Split split, String path, String name) {}

    /**
     * @param source named in messages
     * @throws InputException if the paths do not have the expected layout, or a class is empty
     */
    static ImageIndex index(String source, ImagePaths found) {
        List<String> skipped = found.skipped();
        List<String> images = found.images().stream().sorted().toList();
        if (images.isEmpty()) {
            throw InputException.in(
                    source,
                    "holds no images; expected class folders with JPEG, PNG, … in them"
                            + (skipped.isEmpty() ? "" : "; skipped " + String.join("; ", skipped)));
        }
        String root = commonRoot(images);
        Map<String, SplitFolder> splits = SplitFolder.divide(source, images, root);
        List<Found> all = new ArrayList<>();
        TreeSet<String> names = new TreeSet<>();
        Set<String> full = new HashSet<>();
        boolean deeper = true;
        for (String path : images) {
            SplitFolder folder = splits.get(path);
            String prefix = root + (folder != null ? folder.name() + "/" : "");
            int slash = path.indexOf('/', prefix.length());
            if (slash < 0) {
                throw InputException.in(source, path + " lies in no class folder");
            }
            String name = path.substring(prefix.length(), slash);
            names.add(name);
            full.add(path.substring(root.length(), slash));
            deeper &= path.indexOf('/', slash + 1) >= 0;
            all.add(new Found(folder != null ? folder.split() : Split.TRAIN, path, name));
        }
        refuseEmptyClasses(source, found.folders(), root, splits.isEmpty() ? 1 : 2, full);
        List<String> classNames = List.copyOf(names);
        Map<String, Integer> labels = Manifest.numbered(classNames);
        List<ImageIndex.Item> items = all.stream()
                .map(image -> new ImageIndex.Item(
                        image.split(), image.path(), Objects.requireNonNull(labels.get(image.name()))))
                .toList();
        return new ImageIndex(classNames, items, notes(skipped, deeper ? images.get(0) : ""));
    }

    private static List<String> notes(List<String> skipped, String inFoldersOfClass) {
        List<String> notes = new ArrayList<>();
        skipped.forEach(text -> notes.add("skipped " + text));
        if (!inFoldersOfClass.isEmpty()) {
            notes.add("every image is in a folder inside its class folder, such as " + inFoldersOfClass
                    + "; if those folders are the classes, name the folder above them");
        }
        return notes;
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
