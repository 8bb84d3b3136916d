package org.gradmimic.io.sample;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.ParquetReader;
import org.jspecify.annotations.Nullable;

/**
 * The names of all samples, in the file {@value #FILE} (docs/formats.md). It lies beside what numbers the samples:
 * features and labels, and in a run's folder beside the score log. Written and read in constant memory.
 */
public final class SampleNames {
    /** The name of the file. */
    public static final String FILE = "samples.parquet";

    private static final String ID = "id";
    private static final String PATH = "path";
    private static final String LABEL = "label";
    private static final String CLASS = "class";
    private static final String SPLIT = "split";
    private static final int BLOCK = 1 << 15;

    private final ParquetReader file;
    private final List<String> columns;

    private SampleNames(ParquetReader file, List<String> columns) {
        this.file = file;
        this.columns = columns;
    }

    /**
     * Writes names, whole or not at all.
     *
     * @param file the final name, in an existing folder
     * @param names in the order of their numbers, from 0 without a gap
     * @throws InputException if the file cannot be written
     * @throws InvalidArgumentException if a name has another number than its place
     */
    public static void write(Path file, Iterator<SampleName> names) {
        ParquetColumns.write(file, new Blocks(names));
    }

    /**
     * Opens a file of names.
     *
     * @throws InputException if it is missing, damaged, or has no columns {@code id} and {@code path}
     */
    public static SampleNames open(Path file) {
        ParquetReader reader = ParquetReader.open(file).integers(ID).texts(PATH);
        List<String> columns = new ArrayList<>(List.of(ID, PATH));
        if (reader.columns().containsKey(LABEL)) {
            reader = reader.integers(LABEL);
            columns.add(LABEL);
        }
        for (String name : List.of(CLASS, SPLIT)) {
            if (reader.columns().containsKey(name)) {
                reader = reader.texts(name);
                columns.add(name);
            }
        }
        return new SampleNames(reader, List.copyOf(columns));
    }

    /**
     * The names in a folder.
     *
     * @return empty if the folder has no file {@value #FILE}
     * @throws InputException as {@link #open}
     */
    public static Optional<SampleNames> in(Path folder) {
        Path file = folder.resolve(FILE);
        return Files.exists(file) ? Optional.of(open(file)) : Optional.empty();
    }

    /**
     * The names beside a file of features or scores, or beside the folder of a score log.
     *
     * @return empty if there is no file {@value #FILE} beside it
     * @throws InputException as {@link #open}
     */
    public static Optional<SampleNames> beside(Path fileOrLog) {
        Path folder = fileOrLog.toAbsolutePath().normalize().getParent();
        return folder == null ? Optional.empty() : in(folder);
    }

    /** The file of the names. */
    public Path file() {
        return file.file();
    }

    /** N. */
    public long size() {
        return file.rows();
    }

    /**
     * These names, which must be those of as many samples.
     *
     * @throws InputException if there are more or fewer
     */
    public SampleNames requireSize(long samples) {
        if (size() != samples) {
            throw InputException.in(file(), "has the names of " + size() + " samples, expected " + samples);
        }
        return this;
    }

    /**
     * Passes every name to the consumer, in the order of the numbers.
     *
     * @throws InputException if the file is damaged, a path is NULL, or the numbers are not 0, 1, 2 …; names the row
     */
    public void forEach(Consumer<SampleName> action) {
        long[] row = {0};
        file.scan(columns, chunk -> {
            Row names = new Row(chunk);
            for (int i = 0; i < chunk.rowCount(); i++) action.accept(names.read(i, row[0]++));
        });
    }

    /** All names, in the order of the numbers; for data sets that fit into memory. */
    public List<SampleName> read() {
        List<SampleName> names = new ArrayList<>();
        forEach(names::add);
        return names;
    }

    /**
     * Copies the names, and the {@value ClassNames#FILE} beside them if there is one, to another folder.
     *
     * @throws InputException if a file cannot be read or written
     */
    public void copyTo(Path folder) {
        copy(file(), folder.resolve(FILE));
        Path classes = file().toAbsolutePath().resolveSibling(ClassNames.FILE);
        if (Files.exists(classes)) copy(classes, folder.resolve(ClassNames.FILE));
    }

    private static void copy(Path from, Path to) {
        AtomicFile.write(to, temporary -> Files.copy(from, temporary, StandardCopyOption.REPLACE_EXISTING));
    }

    /** Reads the rows of a chunk. */
    private final class Row {
        private final DuckDBReadableVector id;
        private final DuckDBReadableVector path;
        private final @Nullable DuckDBReadableVector label;
        private final @Nullable DuckDBReadableVector className;
        private final @Nullable DuckDBReadableVector split;

        Row(DuckDBDataChunkReader chunk) {
            id = chunk.vector(0);
            path = chunk.vector(1);
            label = vector(chunk, LABEL);
            className = vector(chunk, CLASS);
            split = vector(chunk, SPLIT);
        }

        private @Nullable DuckDBReadableVector vector(DuckDBDataChunkReader chunk, String column) {
            int index = columns.indexOf(column);
            return index < 0 ? null : chunk.vector(index);
        }

        SampleName read(int i, long row) {
            if (id.isNull(i) || id.getLong(i) != row) {
                throw InputException.in(
                        file(),
                        "row " + row + ": id is " + (id.isNull(i) ? "NULL" : id.getLong(i)) + ", expected " + row);
            }
            if (path.isNull(i)) throw InputException.in(file(), "row " + row + ": path is NULL");
            return new SampleName(row, path.getString(i), label(i, row), text(className, i), text(split, i));
        }

        private int label(int i, long row) {
            if (label == null || label.isNull(i)) return SampleName.NO_LABEL;
            long value = label.getLong(i);
            if (value < 0 || value > Integer.MAX_VALUE) {
                throw InputException.in(
                        file(), "row " + row + ": label is " + value + ", expected 0 to " + Integer.MAX_VALUE);
            }
            return (int) value;
        }

        private static @Nullable String text(@Nullable DuckDBReadableVector vector, int i) {
            return vector == null || vector.isNull(i) ? null : vector.getString(i);
        }
    }

    /** Names as blocks of columns; there is at least one block. */
    private static final class Blocks implements Iterator<ParquetColumns> {
        private final Iterator<SampleName> names;
        private long next;
        private boolean begun;

        Blocks(Iterator<SampleName> names) {
            this.names = names;
        }

        @Override
        public boolean hasNext() {
            return !begun || names.hasNext();
        }

        @Override
        public ParquetColumns next() {
            begun = true;
            List<SampleName> block = new ArrayList<>();
            while (block.size() < BLOCK && names.hasNext()) {
                SampleName name = names.next();
                if (name.id() != next) {
                    throw new InvalidArgumentException("the name of sample " + name.id() + " is at place " + next);
                }
                next++;
                block.add(name);
            }
            return new ParquetColumns()
                    .longs(ID, block.stream().mapToLong(SampleName::id).toArray())
                    .texts(PATH, block.stream().map(SampleName::path).toArray(String[]::new))
                    .intsOrNull(
                            LABEL, block.stream().mapToInt(SampleName::label).toArray())
                    .texts(CLASS, block.stream().map(SampleName::className).toArray(String[]::new))
                    .texts(SPLIT, block.stream().map(SampleName::split).toArray(String[]::new));
        }
    }
}
