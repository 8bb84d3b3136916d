package org.gradmimic.spark;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.gradmimic.base.InputException;
import org.gradmimic.select.EpochVotes;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.vote.Decision;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * What spark-submit runs: {@code gradmimic filter} over a cluster. Master, memory and the like are spark-submit's business.
 *
 * <p>The result goes to standard output, an error as one line to standard error. Exit codes: 0 done; 1 an unexpected
 * failure; 2 an error the user can repair.
 */
@Command(
        name = "gradmimic-spark",
        description = "Makes a filter of a score log on a Spark cluster: the same filter as gradmimic filter makes.",
        footer = {
            "",
            "Files are paths or URIs of any file system that Spark reads. A filter's name ends in .npy (mask, or sorted"
                    + " uids), .txt (sample numbers, or sorted uids) or .parquet (a folder; a row a sample)."
        })
public final class FilterJob implements Callable<Integer> {

    private static final int UNEXPECTED = 1;
    private static final int USER_ERROR = 2;

    enum Rule {
        threshold,
        kmeans,
        gmm,
        top,
        bottom
    }

    enum Use {
        scores,
        weights
    }

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--scores",
            required = true,
            paramLabel = "LOG",
            description = "Score log: a folder of parts, a Parquet file or a folder of them.")
    private String scores;

    @Option(
            names = "--use",
            defaultValue = "scores",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). Weights are relative to the batch's"
                    + " size: 1 is a sample's share in plain training.")
    private Use use;

    @Option(
            names = "--binarize",
            required = true,
            paramLabel = "RULE",
            description = "What splits the values of an epoch: ${COMPLETION-CANDIDATES}.")
    private Rule rule;

    @Option(
            names = "--threshold",
            paramLabel = "T",
            description = "Keep values of at least T (default: 1 for weights, 0 for scores).")
    private @Nullable Float threshold;

    @Option(names = "--share", paramLabel = "P", description = "Share that top or bottom keeps, 0 to 1.")
    private @Nullable Double share;

    @Option(
            names = "--aggregate",
            defaultValue = "majority",
            paramLabel = "HOW",
            description = "What makes one filter of all epochs: majority, mean, label-model (default:"
                    + " ${DEFAULT-VALUE}).")
    private VoteAggregation combination;

    @Option(
            names = "--class-balance",
            paramLabel = "P",
            description = "Share of samples worth keeping, for the label model (default: estimated).")
    private @Nullable Double classBalance;

    @Option(
            names = "--samples",
            paramLabel = "N",
            description = "Number of samples of the data set (default: as many as there are uids, or as the log saw).")
    private @Nullable Long samples;

    @Option(
            names = "--uids",
            paramLabel = "POOL",
            description = "The samples' uids in order: .npy (u8,u8) or Parquet with a column uid; no text.")
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
            description = "How likely each sample is worth keeping, float32 [N]; label model only.")
    private @Nullable String probabilities;

    @Option(
            names = "--truth",
            paramLabel = "CLEAN.npy",
            description = "Which samples are worth keeping, bool [N], to compare the filter with.")
    private @Nullable String truth;

    @Option(names = "--per-class", hidden = true)
    private boolean perClass;

    @Option(names = "--labels", hidden = true)
    private @Nullable String labels;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show results and errors only.")
    private boolean quiet;

    @Option(names = "--debug", description = "Leave Spark's log as it is; on failure, show the stack trace.")
    private boolean debug;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    private FilterJob() {}

    /** Runs the job; ends the JVM unless it succeeds, since a cluster manager takes an early end for a failure. */
    public static void main(String[] args) {
        int code = run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args);
        if (code != 0) {
            System.exit(code);
        }
    }

    /** Runs one command line and returns its exit code; nothing is thrown. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new FilterJob())
                .registerConverter(VoteAggregation.class, FilterJob::combination)
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((e, line) -> {
                    err.println("gradmimic-spark: " + e.getMessage() + " (--help explains)");
                    return USER_ERROR;
                })
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    boolean input = e instanceof InputException;
                    err.println("gradmimic-spark: "
                            + (input ? e.getMessage() : "unexpected failure: " + Failures.reason(e)));
                    if (parsed.hasMatchedOption("--debug")) {
                        e.printStackTrace(err);
                    }
                    return input ? USER_ERROR : UNEXPECTED;
                })
                .execute(args);
    }

    private static VoteAggregation combination(String text) {
        for (VoteAggregation combination : VoteAggregation.values()) {
            if (combination.toString().equalsIgnoreCase(text)) {
                return combination;
            }
        }
        throw new CommandLine.TypeConversionException("'" + text + "' is none of majority, mean, label-model");
    }

    @Override
    public Integer call() {
        if (perClass || labels != null) {
            throw wrong(
                    "--per-class and --labels are options of gradmimic filter; on Spark all classes are split as one");
        }
        FilterOptions options = new FilterOptions(
                scores, use == Use.scores ? ScoreColumn.SCORE : ScoreColumn.RELATIVE_WEIGHT, binarizer(), combination);
        outputs.forEach(options::out);
        if (classBalance != null) {
            options.classBalance(checkedBalance(classBalance));
        }
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
            print(SparkFilter.run(session, options));
        } finally {
            session.stop();
        }
        return 0;
    }

    private Binarizer binarizer() {
        boolean byShare = rule == Rule.top || rule == Rule.bottom;
        if (share != null && !byShare) {
            throw wrong("--share goes with --binarize top or bottom only");
        }
        if (threshold != null && rule != Rule.threshold) {
            throw wrong("--threshold goes with --binarize threshold only");
        }
        if (threshold != null && threshold.isNaN()) {
            throw wrong("--threshold is not a number");
        }
        if (byShare && (share == null || !(share >= 0 && share <= 1))) {
            throw wrong("--binarize " + rule + " needs --share from 0 to 1" + (share == null ? "" : ", not " + share));
        }
        return switch (rule) {
            case threshold -> Binarizer.threshold(threshold != null ? threshold : use == Use.scores ? 0 : 1);
            case kmeans -> Binarizer.twoMeans();
            case gmm -> Binarizer.mixture();
            case top -> Binarizer.topShare(share);
            case bottom -> Binarizer.bottomShare(share);
        };
    }

    private double checkedBalance(double balance) {
        if (combination != VoteAggregation.LABEL_MODEL) {
            throw wrong("--class-balance goes with --aggregate label-model only");
        }
        if (!(balance > 0 && balance < 1)) {
            throw wrong("--class-balance " + balance + ": expected a share between 0 and 1");
        }
        return balance;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void print(FilterReport report) {
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
                    combination == VoteAggregation.MEAN ? "mean scores" : "epoch " + e,
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
