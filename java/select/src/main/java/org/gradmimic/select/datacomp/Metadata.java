package org.gradmimic.select.datacomp;

import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.ObjLongConsumer;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.score.RankSelect;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uids;

/**
 * The metadata of a DataComp pool: one Parquet file or a folder of them, in the order of their names. Sample i is the i-th
 * row of all. Only the columns that a filter looks at are read, and need to be there; memory stays constant.
 */
public final class Metadata {
    private static final DuckDBColumnType[] NUMBERS = {
        DuckDBColumnType.BIGINT, DuckDBColumnType.INTEGER, DuckDBColumnType.DOUBLE, DuckDBColumnType.FLOAT
    };
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
     * @param path a Parquet file, or a folder with files ending in {@code .parquet}
     * @throws InputException if there is none, or one cannot be read
     */
    public static Metadata open(Path path) {
        return open(path, rows -> {});
    }

    /**
     * @param path as above
     * @param progress is told how many rows were read since the last time, of one pass or another
     */
    public static Metadata open(Path path, LongConsumer progress) {
        return new Metadata(path, progress);
    }

    /** Number of samples. */
    public long size() {
        return ParquetReader.rows(files);
    }

    /** The samples' uids. */
    public Uids uids() {
        return new ParquetUids(files);
    }

    /**
     * DataComp's basic filter without its language test: at least three words and six characters of caption (words as
     * Python's {@code split}, characters as Unicode code points), the smaller side of the image at least 200 pixels,
     * and sides that differ by at most a factor of 3. A sample without caption or size is discarded.
     *
     * @throws InputException if the columns {@code text}, {@code original_width} and {@code original_height} are missing
     *     or of another type
     */
    public Filter basic() {
        Filter.Builder filter = Filter.builder(size());
        for (ParquetReader file : files) {
            file.require(TEXT, DuckDBColumnType.VARCHAR);
            file.require(WIDTH, NUMBERS);
            file.require(HEIGHT, NUMBERS);
        }
        scan(List.of(TEXT, WIDTH, HEIGHT), (chunk, first) -> {
            Column width = Column.of(chunk.vector(1));
            Column height = Column.of(chunk.vector(2));
            DuckDBReadableVector text = chunk.vector(0);
            for (long i = 0; i < chunk.rowCount(); i++) {
                filter.set(
                        first + i,
                        BasicFilter.keepsSize(width.get(i), height.get(i))
                                && BasicFilter.keepsCaption(text.getString(i)));
            }
        });
        return filter.build();
    }

    /**
     * Keeps samples whose CLIP score is at least {@code threshold}, rounded to the column's type as NumPy rounds it. A
     * sample without a score is discarded.
     *
     * @throws InputException if the model's column is missing or no number
     */
    public Filter clipScore(ClipModel model, double threshold) {
        List<DuckDBColumnType> types = files.stream()
                .map(file -> file.require(model.column(), DuckDBColumnType.FLOAT, DuckDBColumnType.DOUBLE))
                .distinct()
                .toList();
        if (types.size() > 1) {
            throw InputException.in(path, "column " + model.column() + " is FLOAT in some files and DOUBLE in others");
        }
        double limit = types.contains(DuckDBColumnType.FLOAT) ? (float) threshold : threshold;
        Filter.Builder filter = Filter.builder(size());
        clipScores(model).forEach((sample, score) -> filter.set(sample, score >= limit));
        return filter.build();
    }

    /**
     * The threshold that DataComp makes of a fraction: the score at position ⌊n · fraction⌋ of all in descending order,
     * from 0, the product taken in double. Everything at or above it is kept, which is one sample more than the fraction
     * says, and those that tie with it.
     *
     * @param fraction 0 or more, less than 1
     * @return the threshold for {@link #clipScore}
     * @throws InputException if there is no score at that position: the fraction is not in [0, 1), the pool is empty, or
     *     too many samples have no score
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

    /** {@return how many samples have no score of this model} */
    public long withoutClipScore(ClipModel model) {
        return size() - RankSelect.count(clipScores(model));
    }

    /**
     * The samples' CLIP scores, NaN for NULL.
     *
     * @throws InputException if the model's column is missing or no number
     */
    public Values clipScores(ClipModel model) {
        files.forEach(file -> file.require(model.column(), DuckDBColumnType.FLOAT, DuckDBColumnType.DOUBLE));
        return new Values() {
            @Override
            public long size() {
                return Metadata.this.size();
            }

            @Override
            public void forEach(ValueConsumer action) {
                scan(List.of(model.column()), (chunk, first) -> {
                    Column scores = Column.of(chunk.vector(0));
                    for (long i = 0; i < chunk.rowCount(); i++) {
                        action.accept(first + i, scores.get(i));
                    }
                });
            }
        };
    }

    private void scan(List<String> columns, ObjLongConsumer<DuckDBDataChunkReader> action) {
        long[] next = {0};
        ParquetReader.scanAll(files, columns, (file, row, chunk) -> {
            action.accept(chunk, next[0]);
            next[0] += chunk.rowCount();
            progress.accept(chunk.rowCount());
        });
    }

    /** Numbers of a chunk's column, NULL as NaN. */
    private interface Column {
        double get(long row);

        static Column of(DuckDBReadableVector vector) {
            return switch (vector.getType()) {
                case BIGINT -> row -> vector.isNull(row) ? Double.NaN : vector.getLong(row);
                case INTEGER -> row -> vector.isNull(row) ? Double.NaN : vector.getInt(row);
                case FLOAT -> row -> vector.getFloat(row, Float.NaN);
                case DOUBLE -> row -> vector.getDouble(row, Double.NaN);
                default -> throw new InvalidArgumentException(vector.getType() + " is no number");
            };
        }
    }
}
