package org.gradmimic.select.score;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.ParquetFolder;

/**
 * A score log as it was found when opened: a folder of parts that {@link ScoreLogWriter} made, or Parquet with the same
 * columns that something else wrote: one file, or a folder of them, taken in the order of their names. The format is
 * specified in docs/formats.md.
 *
 * <p>Temporary files of a run that was killed, or is still writing, are not looked at. Holds no open file and can be used
 * from several threads.
 */
public final class ScoreLog {

    private final List<ScoreLogPartReader> parts;
    private final long rows;
    private final int epochs;
    private final long samples;

    private ScoreLog(List<ScoreLogPartReader> parts) {
        this.parts = parts;
        rows = parts.stream().mapToLong(ScoreLogPartReader::rows).sum();
        epochs = parts.stream().mapToInt(ScoreLogPartReader::lastEpoch).max().orElse(-1) + 1;
        samples = parts.stream().mapToLong(ScoreLogPartReader::lastSample).max().orElse(-1) + 1;
    }

    /**
     * Opens a log and checks every part's columns.
     *
     * @param folderOrFile the log's folder, in which other names than a part's are not looked at; or a Parquet file, or a
     *     folder of such files under other names
     * @return the log
     * @throws InputException if there is nothing there, a part is truncated or corrupt, or a column is missing or of
     *     another type; names the part
     */
    public static ScoreLog open(Path folderOrFile) {
        return new ScoreLog(
                files(folderOrFile).stream().map(ScoreLogPartReader::open).toList());
    }

    private static List<Path> files(Path folderOrFile) {
        if (Files.isRegularFile(folderOrFile)) {
            return List.of(folderOrFile);
        }
        if (!Files.isDirectory(folderOrFile)) {
            throw InputException.in(folderOrFile, "no such score log (a folder of parts or a Parquet file)");
        }
        try {
            List<Path> parts = ScoreLogFolder.parts(folderOrFile);
            List<Path> files = parts.isEmpty() ? ParquetFolder.files(folderOrFile) : parts;
            if (files.isEmpty()) {
                throw new InputException(folderOrFile + " holds no finished part of a score log (part-*.parquet)");
            }
            return files;
        } catch (IOException e) {
            throw new InputException("cannot read " + folderOrFile + ": " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Whether a run is writing to a log at this moment; after a run that ended or was killed it is not.
     *
     * @param folderOrFile as for {@link #open}
     */
    public static boolean isBeingWritten(Path folderOrFile) {
        return Files.isDirectory(folderOrFile) && ScoreLogWriter.isLocked(folderOrFile);
    }

    /** {@return how many rows all parts have} */
    public long rows() {
        return rows;
    }

    /** {@return E, the highest epoch + 1; 0 without rows} */
    public int epochs() {
        return epochs;
    }

    /** {@return the highest sample id + 1; 0 without rows. Samples after it that were never seen are unknown here} */
    public long samples() {
        return samples;
    }

    /** {@return the Parquet files in the order in which they were written} */
    public List<Path> parts() {
        return parts.stream().map(ScoreLogPartReader::file).toList();
    }

    /**
     * One column as a matrix of all epochs and samples that the log knows: {@code matrix(column, samples())}.
     *
     * @param column which values
     * @return [E,N]
     * @throws InputException if a part is corrupt or there are too many samples for a matrix
     */
    public float[][] matrix(ScoreColumn column) {
        return matrix(column, samples);
    }

    /**
     * One column as a matrix. NaN where a sample was never seen in an epoch; where it was seen more than once, its last
     * row counts.
     *
     * @param column which values
     * @param sampleCount N, the data set's size; at least {@link #samples()}
     * @return [E,N], E = {@link #epochs()}
     * @throws InputException if a part is corrupt, there are more samples in the log than that, or too many for a matrix
     */
    public float[][] matrix(ScoreColumn column, long sampleCount) {
        requireWithin(sampleCount);
        if (sampleCount > Integer.MAX_VALUE - 8) {
            throw new InputException("the score log has sample ids up to " + (sampleCount - 1)
                    + ", too high for a matrix of all samples; query the Parquet files instead");
        }
        float[][] matrix = new float[epochs][(int) sampleCount];
        for (float[] row : matrix) {
            Arrays.fill(row, Float.NaN);
        }
        List<String> columns = List.of(column.columnName());
        for (ScoreLogPartReader part : parts) {
            part.scan(columns, chunk -> fill(matrix, chunk));
        }
        return matrix;
    }

    /** The parts' readers, in order. */
    List<ScoreLogPartReader> readers() {
        return parts;
    }

    /** Refuses a data set that is smaller than the log. */
    void requireWithin(long sampleCount) {
        if (sampleCount < samples) {
            throw new InputException("the score log has sample " + (samples - 1) + ", the data set only " + sampleCount
                    + " samples: they don't belong together");
        }
    }

    private static void fill(float[][] matrix, DuckDBDataChunkReader chunk) {
        DuckDBReadableVector id = chunk.vector(0);
        DuckDBReadableVector epoch = chunk.vector(1);
        DuckDBReadableVector value = chunk.vector(2);
        int count = (int) chunk.rowCount();
        for (int i = 0; i < count; i++) {
            matrix[epoch.getInt(i)][(int) id.getLong(i)] = value.getFloat(i, Float.NaN);
        }
    }

    /** What is told the rows of a log. */
    @FunctionalInterface
    public interface RowVisitor {
        /**
         * One row.
         *
         * @param sampleId the sample's number in the data set
         * @param epoch from 0
         * @param step from 0
         * @param score raw {@code proj}; NaN where it was not finite
         * @param weight the weight used
         * @param relativeWeight the weight times the batch's size
         * @param loss the loss before the step
         */
        void row(long sampleId, int epoch, long step, float score, float weight, float relativeWeight, float loss);
    }

    /**
     * Streams all rows in the order in which they were written, in constant memory.
     *
     * @param visitor is told every row; its exceptions pass through
     * @throws InputException if a part is corrupt; rows before the damage have been visited
     */
    public void forEachRow(RowVisitor visitor) {
        List<String> columns = List.of(
                ScoreLogFolder.STEP,
                ScoreColumn.SCORE.columnName(),
                ScoreColumn.WEIGHT.columnName(),
                ScoreColumn.RELATIVE_WEIGHT.columnName(),
                ScoreColumn.LOSS.columnName());
        for (ScoreLogPartReader part : parts) {
            part.scan(columns, chunk -> visit(visitor, chunk));
        }
    }

    private static void visit(RowVisitor visitor, DuckDBDataChunkReader chunk) {
        DuckDBReadableVector id = chunk.vector(0);
        DuckDBReadableVector epoch = chunk.vector(1);
        DuckDBReadableVector step = chunk.vector(2);
        DuckDBReadableVector score = chunk.vector(3);
        DuckDBReadableVector weight = chunk.vector(4);
        DuckDBReadableVector relativeWeight = chunk.vector(5);
        DuckDBReadableVector loss = chunk.vector(6);
        int count = (int) chunk.rowCount();
        for (int i = 0; i < count; i++) {
            visitor.row(
                    id.getLong(i),
                    epoch.getInt(i),
                    step.getLong(i, 0),
                    score.getFloat(i, Float.NaN),
                    weight.getFloat(i, Float.NaN),
                    relativeWeight.getFloat(i, Float.NaN),
                    loss.getFloat(i, Float.NaN));
        }
    }
}
