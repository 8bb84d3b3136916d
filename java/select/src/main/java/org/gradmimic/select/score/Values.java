package org.gradmimic.select.score;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.npy.NpyFile;

/**
 * One value per sample, such as a score or a probability; NaN for a sample without one. Can be read any number of
 * times, in order.
 */
public interface Values {
    /** The column that {@link #open(Path)} reads of a score table. */
    String SCORE = "score";

    /** The number of samples. */
    long size();

    /** The name used in messages: the file, if the values come from one. */
    default String name() {
        return "values";
    }

    /**
     * Passes every value to the action, in order.
     *
     * @throws InputException if the file cannot be read; names the place
     */
    void forEach(ValueConsumer action);

    /** Receives values one after the other. */
    @FunctionalInterface
    interface ValueConsumer {
        /**
         * @param sample from 0
         * @param value NaN if the sample has none
         */
        void accept(long sample, double value);
    }

    /** {@return the values of an array} */
    static Values of(float... values) {
        return new Values() {
            @Override
            public long size() {
                return values.length;
            }

            @Override
            public void forEach(ValueConsumer action) {
                for (int i = 0; i < values.length; i++) {
                    action.accept(i, values[i]);
                }
            }
        };
    }

    /**
     * Opens a file of values.
     *
     * @param path {@code .npy}, floating-point [N] or [N,1]; or a {@code .parquet} score table with {@code sample_id}
     *     from 0 in order and {@code score}; or a folder of such Parquet files, in the order of their names
     * @throws InputException if the file is something else
     */
    static Values open(Path path) {
        return isTable(path) ? table(path, SCORE) : npy(path);
    }

    /**
     * Opens a column of a score table.
     *
     * @param path {@code .parquet}, with {@code sample_id} from 0 in order; or a folder of such files
     * @param column of numbers
     * @throws InputException if the file is something else, or has no such column
     */
    static Values open(Path path, String column) {
        if (isTable(path)) {
            return table(path, column);
        }
        throw InputException.in(path, "has no columns; expected a .parquet file with a column " + column);
    }

    private static boolean isTable(Path path) {
        return Files.isDirectory(path) || path.toString().endsWith(".parquet");
    }

    private static Values npy(Path path) {
        long size;
        try (NpyFile file = NpyFile.open(path)) {
            if (!file.type().isFloating()) {
                throw InputException.in(
                        path,
                        "has dtype " + file.type().code() + "; expected scores or probabilities" + " (f2, f4 or f8)");
            }
            boolean column = file.rank() == 2 && file.extent(1) == 1;
            size = (column ? file : file.requireRank(1)).rows();
        }
        return new Values() {
            private static final int BLOCK = 1 << 16;

            @Override
            public String name() {
                return path.toString();
            }

            @Override
            public long size() {
                return size;
            }

            @Override
            public void forEach(ValueConsumer action) {
                FloatBuffer block = FloatBuffer.allocate(BLOCK);
                try (NpyFile file = NpyFile.open(path)) {
                    for (long from = 0; from < size; from += BLOCK) {
                        file.readFloats(from, Math.min(size, from + BLOCK), block.clear());
                        block.flip();
                        for (long i = from; block.hasRemaining(); i++) {
                            action.accept(i, block.get());
                        }
                    }
                }
            }
        };
    }

    private static Values table(Path path, String column) {
        List<ParquetReader> files = ParquetReader.openAll(path).stream()
                .map(file -> file.integers("sample_id").numbers(column))
                .toList();
        long size = ParquetReader.rows(files);
        return new Values() {
            @Override
            public String name() {
                return path.toString();
            }

            @Override
            public long size() {
                return size;
            }

            @Override
            public void forEach(ValueConsumer action) {
                long[] next = {0};
                ParquetReader.scanAll(files, List.of("sample_id", column), (file, row, chunk) -> {
                    DuckDBReadableVector ids = chunk.vector(0);
                    DuckDBReadableVector scores = chunk.vector(1);
                    for (long i = 0; i < chunk.rowCount(); i++) {
                        long sample = next[0]++;
                        if (ids.getLong(i, -1) != sample) {
                            throw InputException.in(
                                    file.file(),
                                    "row " + (row + i) + ": sample_id is " + ids.getLong(i, -1) + ", expected " + sample
                                            + ": one row per sample, in order");
                        }
                        action.accept(sample, scores.getDouble(i, Double.NaN));
                    }
                });
            }
        };
    }
}
