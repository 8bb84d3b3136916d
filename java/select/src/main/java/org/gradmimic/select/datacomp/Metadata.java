package org.gradmimic.select.datacomp;

import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.ObjLongConsumer;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.score.RankSelect;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uids;

/**
 * The metadata of a DataComp pool: one Parquet file, or a folder of files in the order of their names. Sample i is the
 * i-th row over all files. Only the columns that a filter uses are read and must exist. Memory use is constant.
 */
public final class Metadata {
    private static final String TEXT = "text";
    private static final String WIDTH = "original_width";
    private static final String HEIGHT = "original_height";

    private final Path path;
    private final List<ParquetReader> files;
    private final LongConsumer progress;

    private Metadata(Path path, LongConsumer progress) {
        this.path = path;
        this.files = ParquetReader.openAll(path);
        this.progress = progress;
    }

    /**
     * @param path a Parquet file, or a folder with files whose names end in {@code .parquet}
     * @throws InputException if there is none, or one cannot be read
     */
    public static Metadata open(Path path) {
        return open(path, rows -> {});
    }

    /**
     * @param path as above
     * @param progress receives the number of rows read since the last call, in any pass
     */
    public static Metadata open(Path path, LongConsumer progress) {
        return new Metadata(path, progress);
    }

    /** The number of samples. */
    public long size() {
        return ParquetReader.rows(files);
    }

    /** The uids of the samples. */
    public Uids uids() {
        return new ParquetUids(files);
    }

    /**
     * DataComp's basic filter without its language test. The caption must have at least three words and six characters
     * (words as returned by Python's {@code split}, characters as Unicode code points). The smaller side of the image
     * must have at least 200 pixels, and the sides may differ by at most a factor of 3. A sample without a caption or a
     * size is discarded.
     *
     * @throws InputException if the columns {@code text}, {@code original_width} and {@code original_height} are
     *     missing or of another type
     */
    public Filter basic() {
        Filter.Builder filter = Filter.builder(size());
        List<ParquetReader> read = files.stream()
                .map(file -> file.texts(TEXT).numbers(WIDTH).numbers(HEIGHT))
                .toList();
        scan(read, List.of(TEXT, WIDTH, HEIGHT), (chunk, first) -> {
            DuckDBReadableVector text = chunk.vector(0);
            DuckDBReadableVector width = chunk.vector(1);
            DuckDBReadableVector height = chunk.vector(2);
            for (long i = 0; i < chunk.rowCount(); i++) {
                filter.set(
                        first + i,
                        BasicFilter.keepsSize(width.getDouble(i, Double.NaN), height.getDouble(i, Double.NaN))
                                && BasicFilter.keepsCaption(text.getString(i)));
            }
        });
        return filter.build();
    }

    /**
     * Keeps samples whose CLIP score is at least {@code threshold}. The threshold is rounded to the type of the scores,
     * as NumPy rounds it: to float if all files store the scores as floats, otherwise it stays a double. A sample
     * without a score is discarded.
     *
     * @throws InputException if the column of the model is missing or not numeric
     */
    public Filter clipScore(ClipModel model, double threshold) {
        boolean floats = files.stream()
                .allMatch(file -> file.type(model.column(), "numbers").equals("FLOAT"));
        double limit = floats ? (float) threshold : threshold;
        Filter.Builder filter = Filter.builder(size());
        clipScores(model).forEach((sample, score) -> filter.set(sample, score >= limit));
        return filter.build();
    }

    /**
     * The threshold that DataComp computes from a fraction: the score at position ⌊n · fraction⌋ of all scores in
     * descending order, from 0, with the product in double. All scores at or above it are kept, which is one sample
     * more than the fraction says, and the samples that tie with it.
     *
     * @param fraction 0 or more, less than 1
     * @return the threshold for {@link #clipScore}
     * @throws InputException if there is no score at that position: the fraction is not in [0, 1), the pool is empty,
     *     or too many samples have no score
     */
    public double clipThreshold(ClipModel model, double fraction) {
        if (!(fraction >= 0 && fraction < 1)) {
            throw new InputException("fraction " + fraction + ": expected 0 or more and less than 1");
        }
        Values scores = clipScores(model);
        long position = (long) (size() * fraction);
        long scored = RankSelect.count(scores);
        if (position >= scored) {
            throw InputException.in(
                    path,
                    scored + " of " + size() + " samples have a " + model.column() + "; a fraction of " + fraction
                            + " needs the one at position " + position + ", from 0");
        }
        return RankSelect.descending(scores, position);
    }

    /** {@return the number of samples without a score of this model} */
    public long withoutClipScore(ClipModel model) {
        return size() - RankSelect.count(clipScores(model));
    }

    /**
     * The CLIP scores of the samples, NaN for NULL.
     *
     * @throws InputException if the column of the model is missing or not numeric
     */
    public Values clipScores(ClipModel model) {
        List<ParquetReader> read =
                files.stream().map(file -> file.numbers(model.column())).toList();
        return new Values() {
            @Override
            public long size() {
                return Metadata.this.size();
            }

            @Override
            public void forEach(ValueConsumer action) {
                scan(read, List.of(model.column()), (chunk, first) -> {
                    DuckDBReadableVector scores = chunk.vector(0);
                    for (long i = 0; i < chunk.rowCount(); i++) {
                        action.accept(first + i, scores.getDouble(i, Double.NaN));
                    }
                });
            }
        };
    }

    private void scan(List<ParquetReader> read, List<String> columns, ObjLongConsumer<DuckDBDataChunkReader> action) {
        long[] next = {0};
        ParquetReader.scanAll(read, columns, (file, row, chunk) -> {
            action.accept(chunk, next[0]);
            next[0] += chunk.rowCount();
            progress.accept(chunk.rowCount());
        });
    }
}
