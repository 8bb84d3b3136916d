package org.gradmimic.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.EpochVotes;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.vote.Cut;
import org.gradmimic.select.vote.Decision;
import org.gradmimic.select.vote.ValueStatistics;
import org.jspecify.annotations.Nullable;

/**
 * Makes a filter from a score log on a Spark cluster. The filter equals the one that a single machine makes from the
 * same log, down to the last sample.
 *
 * <p>The rows of the log are shuffled once, into blocks of consecutive samples ({@link ScoreBlocks}), which the
 * executors keep in memory or on their disks. Later passes over the blocks return statistics to the driver, some
 * megabytes at most, and the driver returns decisions. No sample goes to the driver. If an executor is lost, its blocks
 * are recomputed.
 */
public final class SparkFilter {

    /** More blocks than a driver should manage; with 5 epochs, 800 billion samples. */
    private static final long MAX_BLOCKS = 1_000_000;

    private final JavaSparkContext spark;
    private final FilterOptions options;
    private final SparkSession session;

    private SparkFilter(SparkSession session, FilterOptions options) {
        this.session = session;
        this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.options = options;
    }

    /**
     * Makes a filter and writes it to all outputs.
     *
     * @param session whose executors do the work; it is not stopped
     * @param options what to read, decide and write
     * @return the filter's statistics
     * @throws InputException if a file is missing, damaged or of another kind, the votes do not determine a label
     *     model, or an output cannot be written: its name is then as it was before
     */
    public static FilterReport run(SparkSession session, FilterOptions options) {
        try {
            return new SparkFilter(session, options).run();
        } catch (Exception e) { // includes a checked exception of Spark that the Java signature does not declare
            throw Failures.translated(e);
        }
    }

    private FilterReport run() {
        Configuration hadoop = spark.hadoopConfiguration();
        List<FilterTarget> targets = options.outputs.stream()
                .map(name -> FilterTarget.of(name, hadoop))
                .toList();
        Path probabilities = probabilitiesTarget(hadoop);
        options.progress.accept("reading " + options.scores);
        ClusterLog log = ClusterLog.open(spark, options.scores);
        UidPool pool = options.uids == null ? null : UidPool.open(spark, options.uids);
        NpyRange truth = options.truth == null
                ? null
                : NpyRange.open(options.truth, "truth", type -> type == NpyType.BOOL, "booleans (b1)", hadoop);
        BlockShape shape = shape(log, samples(log, pool, truth));
        options.progress.accept(
                "reading " + log.rows() + " rows: " + log.epochs() + " epochs of " + shape.samples() + " samples");
        JavaRDD<ScoreBlock> blocks = ScoreBlocks.of(spark, log.splits(options.rowsPerSplit), options.column, shape);
        blocks.persist(StorageLevel.MEMORY_AND_DISK());
        try {
            // The means are recomputed in every pass, which is cheaper than keeping them as well.
            JavaRDD<ScoreBlock> split =
                    options.spec.aggregation() == VoteAggregation.MEAN ? blocks.map(ScoreBlock::mean) : blocks;
            Outcome outcome = decide(new BlockPasses(spark, split), shape.samples(), truth);
            FilterOutputs outputs = new FilterOutputs(session, split, outcome.rule(), pool);
            for (FilterTarget target : targets) {
                options.progress.accept("writing " + target.path());
                outputs.write(target);
            }
            if (probabilities != null) {
                options.progress.accept("writing " + probabilities);
                outputs.probabilities(probabilities);
            }
            return outcome.report();
        } finally {
            blocks.unpersist();
        }
    }

    private @Nullable Path probabilitiesTarget(Configuration hadoop) {
        if (options.probabilities == null) {
            return null;
        }
        options.spec.requireProbabilities();
        FilterTarget target = FilterTarget.of(options.probabilities, hadoop);
        if (target.format() != FilterTarget.Format.NPY) {
            throw new InputException(options.probabilities + ": expected a name that ends in .npy");
        }
        return target.path();
    }

    /** N: as given, or the number of uids, or that of the truth, or that of the log. */
    private long samples(ClusterLog log, @Nullable UidPool pool, @Nullable NpyRange truth) {
        long samples =
                options.samples.orElse(pool != null ? pool.size() : truth != null ? truth.rows() : log.samples());
        if (truth != null && truth.rows() != samples) {
            throw new InputException(options.truth + ": is over " + truth.rows() + " samples, expected " + samples);
        }
        if (pool != null && pool.size() != samples) {
            throw new InputException(
                    "the filter is over " + samples + " samples, but there are " + pool.size() + " uids");
        }
        if (samples < log.samples()) {
            throw new InputException("the score log has sample " + (log.samples() - 1) + ", the data set only "
                    + samples + " samples: they do not belong together");
        }
        return samples;
    }

    private BlockShape shape(ClusterLog log, long samples) {
        int epochs = Math.max(1, log.epochs());
        if (samples / Math.max(1, options.cellsPerBlock / epochs) > MAX_BLOCKS) {
            throw new InputException("the sample ids of the score log go up to " + (samples - 1)
                    + ", too high for a filter of all samples");
        }
        return BlockShape.of(epochs, samples, options.cellsPerBlock);
    }

    private record Outcome(SampleRule rule, FilterReport report) {}

    private Outcome decide(BlockPasses passes, long samples, @Nullable NpyRange truth) {
        options.progress.accept(
                options.spec.aggregation() == VoteAggregation.MEAN
                        ? "deciding on the mean scores"
                        : "deciding on every epoch");
        BlockPasses.Ruled ruled = passes.decide(options.spec.binarizer());
        EpochVotes.requireValues(
                ruled.statistics().stream().mapToLong(ValueStatistics::count).toArray(), samples);
        List<Cut> cuts = ruled.decisions().stream().map(Decision::cut).toList();
        LabelModel model = null;
        if (options.spec.aggregation() == VoteAggregation.LABEL_MODEL) {
            options.progress.accept("fitting the label model");
            model = LabelModel.fit(passes.patterns(cuts), options.spec.classBalance());
        }
        SampleRule rule = new SampleRule(cuts, model);
        long[] votes = passes.keepVotes(cuts);
        List<EpochVotes> epochs = new ArrayList<>();
        for (int epoch = 0; epoch < votes.length; epoch++) {
            ValueStatistics statistics = ruled.statistics().get(epoch);
            epochs.add(new EpochVotes(
                    statistics.count(),
                    statistics.mean(),
                    votes[epoch],
                    List.of(ruled.decisions().get(epoch))));
        }
        Detection detection = truth == null ? null : passes.detection(rule, truth);
        return new Outcome(rule, new FilterReport(samples, passes.kept(rule), List.copyOf(epochs), model, detection));
    }
}
