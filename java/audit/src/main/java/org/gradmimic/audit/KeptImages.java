package org.gradmimic.audit;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.function.LongConsumer;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.jspecify.annotations.Nullable;

/**
 * The folder of kept images: links or copies with the paths that the images have below the root of their data set. It is
 * made under a hidden name and renamed when it is whole.
 */
final class KeptImages {
    static final String FOLDER = "kept";
    private static final String UNFINISHED = ".kept";

    private KeptImages() {}

    /** Names of what an audit's folder contains while this works, and after it. */
    static List<String> outputs() {
        return List.of(FOLDER, UNFINISHED);
    }

    /**
     * Makes the folder, unless it is there.
     *
     * @param root the folder of the data set
     * @param paths of the kept images below it
     * @param progress receives the number of images done; throws to stop
     */
    static void write(Path folder, Path root, List<String> paths, Apply apply, LongConsumer progress) {
        Path whole = folder.resolve(FOLDER);
        if (Files.exists(whole)) return;
        Path unfinished = folder.resolve(UNFINISHED).normalize();
        try {
            delete(unfinished);
            Files.createDirectory(unfinished);
            Path source = root.toRealPath();
            long done = 0;
            for (String path : paths) {
                Path target = unfinished.resolve(path).normalize();
                if (!target.startsWith(unfinished)) {
                    throw new InputException("the image " + path + " lies outside the folder " + root
                            + ", so it has no place in " + whole + ": take the list");
                }
                Files.createDirectories(target.getParent());
                if (apply == Apply.LINK) Files.createSymbolicLink(target, source.resolve(path));
                else Files.copy(source.resolve(path), target, StandardCopyOption.COPY_ATTRIBUTES);
                progress.accept(++done);
            }
            Files.move(unfinished, whole, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new InputException("cannot write " + whole + ": " + AtomicFile.reason(e), e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                if (failure != null) throw failure;
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
