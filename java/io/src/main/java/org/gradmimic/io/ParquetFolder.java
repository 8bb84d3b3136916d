package org.gradmimic.io;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;

/**
 * The Parquet files of a folder: those whose names end in {@code .parquet} and do not begin with a dot, in the order of
 * their names. A folder with Spark's marker {@code _SUCCESS} is one data set with all folders below it, with its files
 * in the order of their paths. Folders whose names begin with a dot or an underscore contain no data.
 */
public final class ParquetFolder {
    /** Spark writes this file into the folder of a complete data set. */
    public static final String MARKER = "_SUCCESS";

    /** The depth to which nested folders are searched; data sets are partitioned by a few columns at most. */
    private static final int DEPTH = 8;

    /** The depth of the search in a folder that should have no nested data. */
    private static final int LOOK_DEPTH = 3;

    private ParquetFolder() {}

    /** Whether a file of this name belongs to the data set of its folder. */
    public static boolean isData(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".parquet") && !name.startsWith(".");
    }

    /**
     * The files, in order; empty if there are none.
     *
     * @throws InputException if there are Parquet files in the folders below but no marker: they could be data sets of
     *     their own, or parts of this one
     */
    public static List<Path> files(Path folder) throws IOException {
        boolean whole = Files.exists(folder.resolve(MARKER));
        Collector collector = new Collector(folder, whole);
        Files.walkFileTree(folder, Set.of(FileVisitOption.FOLLOW_LINKS), whole ? DEPTH : LOOK_DEPTH, collector);
        List<Path> files = collector.files;
        List<Path> below = collector.below;
        if (!below.isEmpty() && !whole) {
            throw unmarked(folder, below.get(0));
        }
        files.addAll(below);
        Collections.sort(files);
        return files;
    }

    /**
     * The files of a folder that are not read, because their names do not end in {@code .parquet}. Names that begin with a dot
     * or an underscore are not counted: programs use them for what is no data.
     *
     * @param path a folder, or a file, which has none
     */
    public static PassedOver passedOver(Path path) {
        PassedOver others = new PassedOver();
        if (!Files.isDirectory(path)) return others;
        try (Stream<Path> content = Files.list(path)) {
            content.sorted()
                    .filter(file -> Files.isRegularFile(file) && !isData(file))
                    .filter(file -> !file.getFileName().toString().matches("[._].*"))
                    .forEach(others::add);
            return others;
        } catch (IOException e) {
            throw InputException.in(path, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    /** The error for Parquet files below a folder without marker. */
    public static InputException unmarked(Object folder, Object example) {
        return InputException.in(
                folder,
                "there are .parquet files in folders below it, such as " + example
                        + "; give a folder that contains its files directly, or mark this one as one data set with an empty file "
                        + MARKER);
    }

    private static final class Collector extends SimpleFileVisitor<Path> {
        private final Path folder;
        private final boolean whole;
        private final List<Path> files = new ArrayList<>();
        private final List<Path> below = new ArrayList<>();

        Collector(Path folder, boolean whole) {
            this.folder = folder;
            this.whole = whole;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            boolean hidden = !directory.equals(folder)
                    && directory.getFileName().toString().matches("[._].*");
            return hidden ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            return add(file);
        }

        private FileVisitResult add(Path file) {
            if (!isData(file)) {
                return FileVisitResult.CONTINUE;
            }
            boolean own = folder.equals(file.getParent());
            (own ? files : below).add(file);
            return own || whole ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (file.equals(folder)) {
                throw e;
            }
            return add(file); // a broken link is rejected when it is opened; any other file or folder contains no data
        }
    }
}
