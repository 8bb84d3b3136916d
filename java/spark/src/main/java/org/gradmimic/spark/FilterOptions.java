package org.gradmimic.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.score.ScoreColumn;
import org.jspecify.annotations.Nullable;

/**
 * What {@link SparkFilter} is to do. Files are named by paths or URIs of any file system that Spark knows; executors and
 * driver have to see the same one. Not thread-safe.
 *
 * <pre>{@code
 * FilterSpec spec = FilterSpec.of(Binarizer.threshold(1), VoteAggregation.MAJORITY);
 * new FilterOptions("hdfs:///runs/7/scores", ScoreColumn.RELATIVE_WEIGHT, spec)
 *         .out("hdfs:///filters/7.parquet");
 * }</pre>
 */
public final class FilterOptions {

    final String scores;
    final ScoreColumn column;
    final FilterSpec spec;
    final List<String> outputs = new ArrayList<>();
    OptionalLong samples = OptionalLong.empty();

    @Nullable
    String uids;

    @Nullable
    String probabilities;

    @Nullable
    String truth;

    Consumer<String> progress = line -> {};

    /** Small in tests, so that there are several splits and blocks. */
    long rowsPerSplit = ClusterLog.ROWS_PER_SPLIT;

    int cellsPerBlock = ScoreBlocks.CELLS_PER_BLOCK;

    /**
     * @param scores the score log: a folder of parts, a Parquet file or a folder of them
     * @param column which of its values
     * @param spec how the values become a filter
     */
    public FilterOptions(String scores, ScoreColumn column, FilterSpec spec) {
        this.scores = scores;
        this.column = column;
        this.spec = spec;
    }

    /**
     * Writes the filter; may be called several times, once for each file.
     *
     * @param file ends in {@code .npy}, {@code .txt} or {@code .parquet}; see docs/spark.md
     * @return this
     */
    public FilterOptions out(String file) {
        outputs.add(file);
        return this;
    }

    /**
     * Writes how likely each sample is worth keeping, float32 [N]; with a label model only.
     *
     * @param file ends in {@code .npy}
     * @return this
     */
    public FilterOptions probabilities(String file) {
        probabilities = file;
        return this;
    }

    /**
     * Judges the filter by the truth; see {@link FilterReport#detection}.
     *
     * @param file {@code .npy}, bool [N]: which samples are worth keeping
     * @return this
     */
    public FilterOptions truth(String file) {
        truth = file;
        return this;
    }

    /**
     * Names the kept samples by their uids.
     *
     * @param file {@code .npy} of dtype {@code u8,u8}, or Parquet with a column {@code uid}: sample i's uid is the i-th
     * @return this
     */
    public FilterOptions uids(String file) {
        uids = file;
        return this;
    }

    /**
     * Says how many samples the data set has, where the log may not have seen the last ones.
     *
     * @param n N
     * @return this
     */
    public FilterOptions samples(long n) {
        samples = OptionalLong.of(n);
        return this;
    }

    /**
     * Tells what is being done, a line each time.
     *
     * @param lines called on the driver
     * @return this
     */
    public FilterOptions progress(Consumer<String> lines) {
        progress = lines;
        return this;
    }
}
