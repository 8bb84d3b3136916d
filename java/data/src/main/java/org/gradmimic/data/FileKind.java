package org.gradmimic.data;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a file of a folder or archive of images is, by its path alone. */
enum FileKind {
    /** An image of a format that is read. */
    IMAGE("images"),
    /** An image of a format that is not read. */
    UNREADABLE("images of formats that are not read"),
    /** A file of the operating system or of a program that manages images. */
    SYSTEM("hidden and system files"),
    /** Any other file. */
    OTHER("files that are not images");

    private static final Set<String> READ = Set.of(
            "jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "webp", "tif", "tiff", "gif", "ppm", "pgm", "pbm",
            "pnm");

    private static final Set<String> NOT_READ = Set.of(
            "heic", "heif", "avif", "jxl", "jp2", "svg", "ico", "tga", "psd", "exr", "hdr", "dng", "cr2", "nef", "arw");

    /** Folders and files that systems and NAS devices put beside images; in lower case. Names with a leading dot are hidden. */
    private static final List<String> SYSTEM_NAMES = List.of(
            "@eadir",
            "#recycle",
            "__macosx",
            "lost+found",
            "$recycle.bin",
            "system volume information",
            "thumbs.db",
            "desktop.ini");

    private final String words;

    FileKind(String words) {
        this.words = words;
    }

    /** @param path relative, {@code /} between folders */
    static FileKind of(String path) {
        if (isSystem(path)) return SYSTEM;
        int dot = path.lastIndexOf('.');
        boolean named = dot > path.lastIndexOf('/') + 1;
        String ending = named ? path.substring(dot + 1).toLowerCase(Locale.ROOT) : "";
        return READ.contains(ending) ? IMAGE : NOT_READ.contains(ending) ? UNREADABLE : OTHER;
    }

    /** Whether the path, or a folder in it, is hidden or has a name that only systems give. */
    static boolean isSystem(String path) {
        for (String name : path.split("/")) {
            if (name.startsWith(".") && !name.equals(".") || SYSTEM_NAMES.contains(name.toLowerCase(Locale.ROOT))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return words;
    }
}
