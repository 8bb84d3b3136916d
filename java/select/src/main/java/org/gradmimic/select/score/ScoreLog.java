package org.gradmimic.select.score;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.ParquetFolder;
import org.gradmimic.io.run.FolderLock;
import org.gradmimic.io.sample.SampleNames;

/**
 * A score log, as it was when it was opened: a folder of parts from {@link ScoreLogWriter}, or Parquet with the same
 * columns from another program, either one file or a folder of files in the order of their names. docs/formats.md
 * specifies the format.
 *
 * <p>Temporary files of a run that was killed or is still writing are ignored. An instance holds no open file and can
 * be used from several threads.
 */
public final class ScoreLog {

    private final Path place;
    private final List<ScoreLogPartReader> parts;
    private final long rows;
    private final int epochs;
    private final long samples;

    private ScoreLog(Path place, List<ScoreLogPartReader> parts) {
        this.place = place;
        this.parts = parts;
        rows = parts.stream().mapToLong(ScoreLogPartReader::rows).sum();
        epochs = parts.stream().mapToInt(ScoreLogPartReader::lastEpoch).max().orElse(-1) + 1;
        samples = parts.stream().mapToLong(ScoreLogPartReader::lastSample).max().orElse(-1) + 1;
    }

    /**
     * Opens a log and checks the columns of every part.
     *
     * @param folderOrFile the folder of the log, in which only the names of parts are considered; or a Parquet file, or
     *     a folder of such files with other names
     * @return the log
     * @throws InputException if there is no log, a part is truncated or corrupt, or a column is missing or has another
     *     type; names the part
     */
    public static ScoreLog open(Path folderOrFile) {
        return new ScoreLog(
                folderOrFile,
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
     * Whether a run is writing to a log at this moment. After a run has ended or was killed, it is not.
     *
     * @param folderOrFile as for {@link #open}
     */
    public static boolean isBeingWritten(Path folderOrFile) {
        return Files.isDirectory(folderOrFile) && FolderLock.isTaken(folderOrFile);
    }

    /** {@return the number of rows in all parts} */
    public long rows() {
        return rows;
    }

    /** {@return E, the highest epoch + 1; 0 if there are no rows} */
    public int epochs() {
        return epochs;
    }

    /**
     * {@return the highest sample id + 1; 0 if there are no rows. Samples above it that were never seen are not known
     * here}
     */
    public long samples() {
        return samples;
    }

    /**
     * The names of the samples: a log has numbers, and the file {@value SampleNames#FILE} beside it has the path or key
     * of each.
     *
     * @return empty if there is no such file
     * @throws InputException if the file is damaged, or has fewer samples than the log
     */
    public Optional<SampleNames> names() {
        Optional<SampleNames> names = SampleNames.beside(place);
        names.ifPresent(found -> {
            if (found.size() < samples) {
                throw InputException.in(
                        found.file(),
                        "has the names of " + found.size() + " samples, but the score log beside it has sample "
                                + (samples - 1));
            }
        });
        return names;
    }

    /** {@return the Parquet files in the order in which they were written} */
    public List<Path> parts() {
        return parts.stream().map(ScoreLogPartReader::file).toList();
    }

    /**
     * One column as a matrix of all epochs and samples that the log contains: {@code matrix(column, samples())}.
     *
     * @param column which values
     * @return [E,N]
     * @throws InputException if a part is corrupt or there are too many samples for a matrix
     */
    public float[][] matrix(ScoreColumn column) {
        return matrix(column, samples);
    }

    /**
     * One column as a matrix. An element is NaN if the sample was not seen in that epoch; if it was seen more than
     * once, its last row counts.
     *
     * @param column which values
     * @param sampleCount N, the size of the data set; at least {@link #samples()}
     * @return [E,N], E = {@link #epochs()}
     * @throws InputException if a part is corrupt, the log has more samples than that, or there are too many for a
     *     matrix
     */
    public float[][] matrix(ScoreColumn column, long sampleCount) {
        requireWithin(sampleCount);
        if (sampleCount > Integer.MAX_VALUE - 8) {
            throw new InputException("the sample ids of the score log go up to " + (sampleCount - 1)
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

    /** The readers of the parts, in order. */
    List<ScoreLogPartReader> readers() {
        return parts;
    }

    /** Rejects a data set that is smaller than the log. */
    void requireWithin(long sampleCount) {
        if (sampleCount < samples) {
            throw new InputException("the score log has sample " + (samples - 1) + ", the data set only " + sampleCount
                    + " samples: they do not belong together");
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

    /** Receives the rows of a log. */
    @FunctionalInterface
    public interface RowVisitor {
        /**
         * Receives one row.
         *
         * @param sampleId the sample's number in the data set
         * @param epoch from 0
         * @param step from 0
         * @param score raw {@code proj}; NaN if it was not finite
         * @param weight the weight used
         * @param relativeWeight the weight × the batch size
         * @param loss the loss before the step
         */
        void row(long sampleId, int epoch, long step, float score, float weight, float relativeWeight, float loss);
    }

    /**
     * Streams all rows in the order in which they were written, in constant memory.
     *
     * @param visitor receives every row; its exceptions pass through
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
