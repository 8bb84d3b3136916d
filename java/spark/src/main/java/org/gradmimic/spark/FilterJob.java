package org.gradmimic.spark;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.select.EpochVotes;
import org.gradmimic.select.FilterSettings;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.vote.Decision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The application for spark-submit: {@code gradmimic filter} on a cluster. spark-submit determines master, memory and
 * the like.
 *
 * <p>The result goes to standard output, and an error goes to standard error as one line. Exit codes: 0 success; 1 an
 * unexpected failure; 2 an error that the user can repair.
 */
@Command(
        name = "gradmimic-spark",
        modelTransformer = FilterJob.Settings.class,
        description =
                "Makes a filter from a score log on a Spark cluster: the same filter that gradmimic filter makes.",
        footer = {
            "",
            "Files are paths or URIs of any file system that Spark reads. The name of a filter ends in .npy (mask, or"
                    + " sorted uids), .txt (sample numbers, or sorted uids) or .parquet (a folder; one row per sample)."
        })
public final class FilterJob implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(
            names = "--scores",
            required = true,
            paramLabel = "LOG",
            description = "Score log: a folder of parts, a Parquet file or a folder of Parquet files.")
    private String scores;

    @Option(
            names = "--samples",
            paramLabel = "N",
            description = "Number of samples in the data set (default: the number of uids, or of samples in the log).")
    private @Nullable Long samples;

    @Option(
            names = "--uids",
            paramLabel = "POOL",
            description = "The uids of the samples in order: .npy (u8,u8) or Parquet with a column uid; not text.")
    private @Nullable String uids;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "The filter: .npy, .txt or .parquet. May be given several times.")
    private List<String> outputs;

    @Option(
            names = "--probabilities",
            paramLabel = "P.npy",
            description = "Write the probability that each sample is worth keeping, float32 [N]; label model only.")
    private @Nullable String probabilities;

    @Option(
            names = "--truth",
            paramLabel = "CLEAN.npy",
            description = "Compare the filter with the truth: which samples are worth keeping, bool [N].")
    private @Nullable String truth;

    @Option(names = "--labels", hidden = true)
    private @Nullable String labels;

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

    private FilterJob() {}

    /** Adds an option for every setting of a filter. */
    static final class Settings implements IModelTransformer {
        @Override
        public CommandSpec transform(CommandSpec command) {
            SettingOptions.add(command, FilterSettings.GROUP);
            return command;
        }
    }

    /** Runs the job. It ends the JVM only on failure, because a cluster manager treats an early exit as a failure. */
    public static void main(String[] args) {
        JobRunner.main(new FilterJob(), args);
    }

    /** Runs one command line and returns its exit code; throws nothing. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return JobRunner.run(new FilterJob(), out, err, args);
    }

    @Override
    public Integer call() {
        SettingValues values = SettingOptions.values(spec, FilterSettings.GROUP);
        if (values.get(FilterSettings.PER_CLASS) || labels != null) {
            throw wrong(
                    "--per-class and --labels are options of gradmimic filter; on Spark all classes are split as one");
        }
        FilterSpec filter = FilterSettings.spec(values, true);
        FilterOptions options =
                new FilterOptions(scores, values.get(FilterSettings.USE).column(), filter);
        outputs.forEach(options::out);
        if (samples != null) {
            options.samples(samples);
        }
        if (uids != null) {
            options.uids(uids);
        }
        if (probabilities != null) {
            options.probabilities(probabilities);
        }
        if (truth != null) {
            options.truth(truth);
        }
        if (!quiet) {
            options.progress(line -> spec.commandLine().getErr().println("gradmimic-spark: " + line));
        }
        SparkSession session =
                SparkSession.builder().appName("gradmimic filter").getOrCreate();
        try {
            if (!debug) {
                session.sparkContext().setLogLevel("ERROR");
            }
            print(SparkFilter.run(session, options), filter.aggregation());
        } finally {
            session.stop();
        }
        return 0;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void print(FilterReport report, VoteAggregation aggregation) {
        PrintWriter out = spec.commandLine().getOut();
        LabelModel model = report.labelModel();
        for (int e = 0; e < report.epochs().size(); e++) {
            EpochVotes epoch = report.epochs().get(e);
            Decision decision = epoch.decisions().get(0);
            List<String> notes = new ArrayList<>(decision.notes());
            if (model != null) {
                notes.add(
                        0,
                        format(
                                "accuracy %.4f on kept, %.4f on discarded",
                                model.keepAccuracy()[e], model.discardAccuracy()[e]));
            }
            out.println(format(
                    "%s: %d seen, mean %.6g, keeps %d (%s)%s",
                    aggregation == VoteAggregation.MEAN ? "mean scores" : "epoch " + e,
                    epoch.seen(),
                    epoch.mean(),
                    epoch.kept(),
                    decision.cut(),
                    notes.isEmpty() ? "" : "; " + String.join("; ", notes)));
        }
        if (model != null) {
            out.println(format("label model: balance %.4f, confidence %.4f", model.balance(), model.confidence()));
            model.notes().forEach(note -> out.println("label model: " + note));
        }
        Detection found = report.detection();
        if (found != null) {
            out.println(format(
                    "mislabelled samples: precision %.4f, recall %.4f, F1 %.4f",
                    found.precision(), found.recall(), found.f1()));
        }
        out.println(format("kept %d of %d (%.4f)", report.kept(), report.samples(), report.keptShare()));
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
