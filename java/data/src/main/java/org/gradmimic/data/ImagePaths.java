package org.gradmimic.data;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The paths that a folder or an archive contains: those of images and folders are kept, the others are counted. */
final class ImagePaths {
    private final @Nullable Predicate<String> listed;
    private final List<String> images = new ArrayList<>();
    private final List<String> folders = new ArrayList<>();
    private final Map<FileKind, Integer> skipped = new EnumMap<>(FileKind.class);
    private final Map<FileKind, String> example = new EnumMap<>(FileKind.class);

    /** Every file that {@link FileKind} takes for an image is one. */
    ImagePaths() {
        this.listed = null;
    }

    /** @param listed tells of a path whether it is an image, whatever its name; other files are not counted */
    ImagePaths(Predicate<String> listed) {
        this.listed = listed;
    }

    void addFolder(String path) {
        folders.add(path);
    }

    /**
     * Adds a file that is not a folder.
     *
     * @return whether it is an image
     */
    boolean addFile(String path) {
        if (listed != null) {
            if (!listed.test(path)) return false;
            images.add(path);
            return true;
        }
        FileKind kind = FileKind.of(path);
        if (kind == FileKind.IMAGE) {
            images.add(path);
            return true;
        }
        skipped.merge(kind, 1, Integer::sum);
        example.putIfAbsent(kind, path);
        return false;
    }

    /** In the order in which they were added. */
    List<String> images() {
        return images;
    }

    List<String> folders() {
        return folders;
    }

    /** What was skipped, a text for each kind of file, such as "3 hidden and system files, such as a/Thumbs.db". */
    List<String> skipped() {
        List<String> texts = new ArrayList<>();
        skipped.forEach((kind, count) -> texts.add(count + " " + kind + ", such as " + example.get(kind)));
        return texts;
    }
}
