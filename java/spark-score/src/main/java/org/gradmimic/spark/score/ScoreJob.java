package org.gradmimic.spark.score;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.Datasets;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.reshard.Shard;
import org.gradmimic.score.ScoreSettings;
import org.gradmimic.score.ShardRun;
import org.gradmimic.score.ShardScoring;
import org.gradmimic.score.ShardSettings;
import org.gradmimic.spark.JobRunner;
import org.gradmimic.spark.SettingOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The application for spark-submit: {@code gradmimic score model --data webdataset:...} on a cluster. The result goes to
 * standard output, and an error to standard error as one line.
 */
@Command(
        name = "gradmimic-spark score",
        modelTransformer = ScoreJob.Settings.class,
        description =
                "Scores the image-caption pairs in WebDataset shards by a CLIP model on a Spark cluster: the same"
                        + " rows that gradmimic score model writes. To continue after an interruption, submit the same job again.",
        footer = {"", "All files are paths that every machine sees under the same name."})
public final class ScoreJob implements Callable<Integer> {
    private static final String PREFIX = "webdataset:";

    private static final SettingGroup GROUP = SettingGroup.of(
            ScoreSettings.BATCH_SIZE, ScoreSettings.TEMPERATURE, ShardSettings.BAD_SAMPLES, ShardSettings.EPOCH);

    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "KIND", defaultValue = "clip", description = "clip.")
    private String kind;

    @Option(
            names = "--model-config",
            required = true,
            paramLabel = "C.json",
            description = "The architecture: open_clip's JSON file, or a name such as ViT-B-32.")
    private String config;

    @Option(
            names = "--weights",
            required = true,
            paramLabel = "M",
            description = "Weights of the model. May be given several times: each checkpoint is an epoch.")
    private List<Path> weights;

    @Option(
            names = "--reference",
            required = true,
            paramLabel = "R",
            description = "Weights of the reference model. May be given several times, with --combine.")
    private List<Path> references;

    @Option(
            names = "--combine",
            paramLabel = "RULE",
            description = "How scores toward several references become one: mean or min.")
    private ReferenceCombination.@Nullable Rule combine;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "SPEC",
            description = "webdataset:SHARDS, a .tar, a folder of them, or names such as shards/{00000..01287}.tar.")
    private String data;

    @Option(
            names = "--vocabulary",
            required = true,
            paramLabel = "V",
            description =
                    "Vocabulary of CLIP: bpe_simple_vocab_16e6.txt.gz, tokenizer.json, or vocab.json beside merges.txt.")
    private Path vocabulary;

    @Option(
            names = "--mimic-layer",
            required = true,
            paramLabel = "L",
            description =
                    "Parameters by which samples are scored: names, or patterns with * and ?, separated by commas.")
    private String mimicLayer;

    @Option(
            names = "--contrastive",
            paramLabel = "SCORE",
            defaultValue = "exact",
            description = "Kind of score: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ContrastiveScore contrastive;

    @Option(
            names = "--mean",
            paramLabel = "X[,X,X]",
            split = ",",
            description = "Mean, subtracted from pixels in [0,1] (default: the model's).")
    private @Nullable List<Double> mean;

    @Option(
            names = "--std",
            paramLabel = "X[,X,X]",
            split = ",",
            description = "Standard deviation, by which pixels are then divided (default: the model's).")
    private @Nullable List<Double> std;

    @Option(
            names = "--max-pixels",
            paramLabel = "N",
            defaultValue = "" + Datasets.MAX_PIXELS,
            description = "Reject an image with more pixels than this (default: ${DEFAULT-VALUE}).")
    private long maxPixels;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "The scores: .parquet, or of several checkpoints a new folder.")
    private Path out;

    @Option(
            names = "--bad-list",
            paramLabel = "FILE.csv",
            description = "Where --bad-samples skip lists the samples it left out (default: NAME.bad.csv beside the"
                    + " output).")
    private @Nullable Path badList;

    @Option(names = "--overwrite", description = "Delete what an interrupted run with other settings has finished.")
    private boolean overwrite;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description =
                    "Threads of a task, whose number may change the last digits of scores (default: spark.task.cpus).")
    private @Nullable Integer threads;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show results and errors only.")
    private boolean quiet;

    @Option(names = "--debug", description = "Do not reduce Spark's log; on failure, show the stack trace.")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("unused") // picocli reads it
    private boolean help;

    private ScoreJob() {}

    /** Adds an option for every setting. */
    static final class Settings implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            SettingOptions.add(command, GROUP);
            return command;
        }
    }

    /** Runs the job. It ends the JVM only on failure, because a cluster manager treats an early exit as a failure. */
    public static void main(String[] args) {
        JobRunner.main(new ScoreJob(), args);
    }

    /** Runs one command line and returns its exit code; throws nothing. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return JobRunner.run(new ScoreJob(), out, err, args);
    }

    @Override
    public Integer call() {
        ShardScoring scoring = scoring();
        if (!data.startsWith(PREFIX)) {
            throw new InputException("--data is " + data + "; on Spark it is " + PREFIX + "SHARDS");
        }
        List<Shard> shards = Shard.find(data.substring(PREFIX.length()));
        if (threads != null && threads < 1)
            throw new InputException("--threads is " + threads + "; it must be positive");
        SparkSession session = SparkSession.builder().appName("gradmimic score").getOrCreate();
        try {
            if (!debug) session.sparkContext().setLogLevel("ERROR");
            SparkScore run = SparkScore.of(session, scoring, shards, out).overwrite(overwrite);
            if (badList != null) run.badList(badList);
            if (threads != null) run.threads(threads);
            if (!quiet) run.progress(line -> spec.commandLine().getErr().println("gradmimic-spark: " + line));
            print(run.run());
        } finally {
            session.stop();
        }
        return 0;
    }

    private ShardScoring scoring() {
        if (!kind.equals("clip")) throw new InputException("--model is " + kind + "; shards are scored by clip");
        SettingValues values = SettingOptions.values(spec, GROUP);
        long batchSize =
                values.isGiven(ScoreSettings.BATCH_SIZE) ? values.get(ScoreSettings.BATCH_SIZE) : ShardSettings.BATCH;
        if (batchSize < 1 || batchSize > ShardSettings.LARGEST_BATCH) {
            throw new InputException("--batch-size is " + batchSize + "; a batch of shards has from 1 to "
                    + ShardSettings.LARGEST_BATCH + " pairs");
        }
        return ShardScoring.builder(config)
                .weights(weights)
                .references(references)
                .mimicLayer(mimicLayer)
                .vocabulary(vocabulary)
                .contrastive(contrastive)
                .combine(combine)
                .normalisation(normalisation())
                .batchSize((int) batchSize)
                .temperature(values.get(ScoreSettings.TEMPERATURE))
                .maxPixels(maxPixels)
                .badSamples(values.get(ShardSettings.BAD_SAMPLES))
                .firstEpoch(values.get(ShardSettings.EPOCH))
                .build();
    }

    /** Null for that of the model. */
    private @Nullable PixelNormalisation normalisation() {
        if (mean == null && std == null) return null;
        if (mean == null || std == null) {
            throw new InputException("of --mean and --std both are needed, or none for those of the model");
        }
        try {
            return new PixelNormalisation(mean, std);
        } catch (InvalidArgumentException e) {
            throw new InputException("--" + e.getMessage(), e);
        }
    }

    private void print(ShardRun.Summary summary) {
        PrintWriter writer = spec.commandLine().getOut();
        if (summary.nonFinite() > 0) writer.println("without a finite score: " + summary.nonFinite() + " samples");
        if (summary.damaged() > 0) writer.println("damaged: " + summary.damaged() + " shards");
        if (summary.bad() > 0) writer.println("left out: " + summary.bad() + " bad samples");
        writer.println(out + ": scores of " + summary.samples() + " samples in " + summary.shards() + " shards");
    }
}
