package org.gradmimic.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.LibraryLoadException;
import org.gradmimic.kernel.LibraryCache;

/** The folder where JavaCPP keeps the native libraries that it extracts from the jars. */
final class NativeCache {
    static final String ANOTHER_FOLDER = "GRADMIMIC_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=/some/folder";

    private static final String ITEM = "Native cache";
    /** LibTorch, OpenBLAS and OpenCV extracted, rounded up. */
    private static final long NEEDED = 1L << 30;

    private NativeCache() {}

    static Finding look() {
        Path folder;
        try {
            folder = LibraryCache.require();
        } catch (LibraryLoadException e) {
            return Finding.problem(ITEM, String.valueOf(e.getMessage()), "name another folder: " + ANOTHER_FOLDER);
        }
        try {
            Files.delete(Files.createTempFile(folder, "doctor", ".tmp"));
            long free = Files.getFileStore(folder).getUsableSpace();
            String text = folder + ", " + Machine.gib(free) + " free";
            return free >= NEEDED
                    ? Finding.ok(ITEM, text)
                    : Finding.warning(
                            ITEM,
                            text,
                            "if libraries are still to be extracted, they need " + Machine.gib(NEEDED)
                                    + "; free space or name another folder: " + ANOTHER_FOLDER);
        } catch (IOException e) {
            return Finding.problem(
                    ITEM,
                    folder + " cannot be written: " + e.getMessage(),
                    "fix it or name another folder: " + ANOTHER_FOLDER);
        }
    }
}
