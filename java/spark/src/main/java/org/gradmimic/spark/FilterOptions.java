package org.gradmimic.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.score.ScoreColumn;
import org.jspecify.annotations.Nullable;

/**
 * The options of {@link SparkFilter}. Files are paths or URIs of any file system that Spark supports; executors and
 * driver must see the same one. Not thread-safe.
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

    /** Small in tests, to get several splits and blocks. */
    long rowsPerSplit = ClusterLog.ROWS_PER_SPLIT;

    int cellsPerBlock = ScoreBlocks.CELLS_PER_BLOCK;

    /**
     * @param scores the score log: a folder of parts, a Parquet file or a folder of Parquet files
     * @param column the column of values to use
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
     * Writes the probability that each sample is worth keeping, float32 [N]; only with a label model.
     *
     * @param file ends in {@code .npy}
     * @return this
     */
    public FilterOptions probabilities(String file) {
        probabilities = file;
        return this;
    }

    /**
     * Compares the filter with the truth; see {@link FilterReport#detection}.
     *
     * @param file {@code .npy}, bool [N]: which samples are worth keeping
     * @return this
     */
    public FilterOptions truth(String file) {
        truth = file;
        return this;
    }

    /**
     * Identifies the samples by their uids.
     *
     * @param file {@code .npy} of dtype {@code u8,u8}, or Parquet with a column {@code uid}; its i-th uid belongs to
     *     sample i
     * @return this
     */
    public FilterOptions uids(String file) {
        uids = file;
        return this;
    }

    /**
     * Sets the number of samples in the data set, for a log that may not contain the last ones.
     *
     * @param n N
     * @return this
     */
    public FilterOptions samples(long n) {
        samples = OptionalLong.of(n);
        return this;
    }

    /**
     * Sets a listener for progress, which receives one line at a time.
     *
     * @param lines called on the driver
     * @return this
     */
    public FilterOptions progress(Consumer<String> lines) {
        progress = lines;
        return this;
    }
}
