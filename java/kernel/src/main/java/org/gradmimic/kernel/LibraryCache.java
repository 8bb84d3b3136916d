package org.gradmimic.kernel;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.bytedeco.javacpp.Loader;
import org.gradmimic.base.LibraryLoadException;
import org.jspecify.annotations.Nullable;

/**
 * The folder into which JavaCPP extracts native libraries from jars: {@code ~/.javacpp/cache}, the one that the property
 * {@code org.bytedeco.javacpp.cachedir} names, or a folder in {@code java.io.tmpdir} where the user has no home.
 */
public final class LibraryCache {
    private static final int STICKY = 01000;

    private LibraryCache() {}

    /**
     * The folder, after it was made. Whoever can write into it, or replace it, can make this process run any code.
     *
     * @throws LibraryLoadException if there is none, or another user can write to it
     */
    public static Path require() {
        Path folder;
        try {
            folder = Loader.getCacheDir().toPath().toRealPath();
        } catch (IOException e) {
            throw new LibraryLoadException(
                    "there is no folder to extract native libraries into: neither ~/.javacpp/cache nor one in "
                            + System.getProperty("java.io.tmpdir")
                            + " can be written; name one: -Dorg.bytedeco.javacpp.cachedir=/some/folder");
        }
        String problem = problem(folder);
        if (problem != null) {
            throw new LibraryLoadException("native libraries are not loaded from " + folder + ", because " + problem
                    + "; repair it, or name another folder: -Dorg.bytedeco.javacpp.cachedir=/some/folder");
        }
        return folder;
    }

    /** Why others can write to a folder or replace it; null if they can't, or the system does not say. */
    static @Nullable String problem(Path folder) {
        try {
            String user = Files.readAttributes(Path.of("/proc/self"), PosixFileAttributes.class)
                    .owner()
                    .getName();
            Path home = Path.of(System.getProperty("user.home"));
            for (Path at = folder; at != null; at = at.getParent()) {
                PosixFileAttributes attributes = Files.readAttributes(at, PosixFileAttributes.class);
                String owner = attributes.owner().getName();
                // Containers give root a home that belongs to a user outside.
                boolean owned =
                        owner.equals(user) || owner.equals("root") || at.startsWith(home) || home.startsWith(at);
                if (!owned) return at + " belongs to " + owner;
                boolean open = attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
                // In a sticky folder, such as /tmp, others can't replace what is not theirs.
                boolean sticky = !at.equals(folder) && ((int) Files.getAttribute(at, "unix:mode") & STICKY) != 0;
                if (open && !sticky) {
                    return "every user can write to " + at + " ("
                            + PosixFilePermissions.toString(attributes.permissions()) + ")";
                }
            }
            return null;
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }

    /**
     * Extracts libraries anew whose content in the cache is another than in the jar. JavaCPP itself compares size and time
     * alone, and would go on with a library of an earlier build.
     *
     * @param names files beside the classes' platform-independent resources, such as {@code libgradmimic.so}
     */
    static void refresh(Class<?> classes, String folder, String... names) throws IOException {
        for (String name : names) {
            URL resource = classes.getResource(folder + "/" + name);
            if (resource == null || !resource.getProtocol().equals("jar")) continue;
            File cached = Loader.cacheResource(resource);
            if (cached == null || same(resource, cached.toPath())) continue;
            // Not written over: another process may run it.
            Files.delete(cached.toPath());
            Loader.cacheResource(resource);
        }
    }

    static boolean same(URL resource, Path file) throws IOException {
        try (InputStream content = resource.openStream()) {
            return Arrays.equals(content.readAllBytes(), Files.readAllBytes(file));
        }
    }
}
