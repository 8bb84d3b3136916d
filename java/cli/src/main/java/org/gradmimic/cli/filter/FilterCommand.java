package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.Arguments;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.cli.SettingOptions;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.run.SettingValues;
import org.gradmimic.select.FilterSettings;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.Selection;
import org.gradmimic.select.Selector;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.Classes;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.uid.Uids;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes a filter from scores. Subcommands process filters. */
@Command(
        name = "filter",
        description = "Makes a filter from scores: every epoch votes on every sample, and the votes are aggregated."
                + " Subcommands combine, compare and judge filters, and apply them to data sets.",
        footer = {"", "  gradmimic filter --scores runs/mimic --binarize mixture --aggregate label-model --out keep.npy"
        },
        modelTransformer = RuleOptions.class,
        subcommands = {
            CombineCommand.class,
            CompareCommand.class,
            QualityCommand.class,
            MembershipCommand.class,
            DataCompCommand.class,
            SampleCommand.class,
            ValidateCommand.class,
            ReshardCommand.class
        })
public final class FilterCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private PoolOptions pool;

    @Mixin
    private NamesOptions names;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--scores",
            paramLabel = "FILE",
            description = "Scores or weights: .npy [E,N], a score log (folder or .parquet), or the folder of a run. Of"
                    + " a run that has not ended, the scores so far are used.")
    private @Nullable Path scores;

    @Option(names = "--labels", paramLabel = "y.npy", description = "The labels of the samples [N], integers from 0.")
    private @Nullable Path labels;

    @Option(
            names = "--truth",
            paramLabel = "CLEAN",
            description = "A filter that keeps the samples known to be clean. Prints precision, recall and F1 of"
                    + " finding the mislabelled samples.")
    private @Nullable Path truth;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "The filter: .npy (bool [N]), .parquet or .txt; with --uids the uids of the samples kept. A"
                    + " .csv has the name of every sample and whether it is kept.")
    private @Nullable Path out;

    @Option(
            names = "--probabilities",
            paramLabel = "p.npy",
            description = "Write the label model's probability that a sample is worth keeping, float32 [N].")
    private @Nullable Path probabilities;

    @Override
    public Integer call() {
        if (scores == null || out == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--scores and --out are needed, or a command: "
                            + String.join(", ", spec.subcommands().keySet()));
        }
        ScoreInput input = ScoreInput.of(scores);
        SettingValues settings = SettingOptions.values(spec, FilterSettings.GROUP);
        FilterSpec filterSpec = FilterSettings.spec(settings, input.isLog());
        boolean perClass = settings.get(FilterSettings.PER_CLASS);
        ScoreColumn column = settings.get(FilterSettings.USE).column();
        checkFiles(input.path(), out);
        Uids uids = pool.uids(common);
        names.open(scores, out, uids != null);
        try (Classes classes = perClass ? Classes.npy(requireLabels()) : null;
                Scores values = input.open(common, column, samples(uids, classes))) {
            Filter clean = truth == null ? null : readTruth(truth, uids, values.samples());
            Selector selector = new Selector(values, filterSpec).threads(common.threads());
            if (classes != null) selector.perClass(classes);
            if (probabilities != null) selector.probabilities(probabilities);
            Selection selection = run(selector);
            Filter filter = selection.filter();
            if (uids == null) names.write(out, filter);
            else FilterFile.write(out, filter, uids);
            SelectionReport report = new SelectionReport(common, selection, filterSpec.aggregation());
            report.print();
            if (clean != null) report.print(Detection.of(filter, clean.not()));
            common.out().println(out + ": " + Kept.of(filter, true));
        }
        return 0;
    }

    private Selection run(Selector selector) {
        try (Progress progress = common.progress("filtering", "values", selector.plannedReads())) {
            return selector.progress(progress::step).run();
        }
    }

    private void checkFiles(Path scores, Path out) {
        Path[] inputs = Stream.of(scores, labels, truth, pool.pool())
                .filter(Objects::nonNull)
                .toArray(Path[]::new);
        names.checkOutputs(out, inputs);
        if (probabilities == null) return;
        AtomicFile.requireWritable(probabilities);
        if (!probabilities.toString().endsWith(".npy")) {
            throw new InputException(probabilities + ": expected a name that ends in .npy for the probabilities");
        }
        Arguments.requireOther(probabilities, inputs);
        Arguments.requireDifferent(List.of(out, probabilities));
    }

    private Path requireLabels() {
        if (labels == null) throw new InputException("--per-class needs --labels");
        return labels;
    }

    /** N, from any input that determines it. */
    private OptionalLong samples(@Nullable Uids uids, @Nullable Classes classes) {
        if (uids != null) return OptionalLong.of(uids.size());
        if (pool.samples().isPresent()) return pool.samples();
        if (classes != null) return OptionalLong.of(classes.samples());
        if (names.names() != null) return OptionalLong.of(names.names().size());
        return truth == null ? OptionalLong.empty() : FilterFile.samples(truth);
    }

    private static Filter readTruth(Path truth, @Nullable Uids uids, long samples) {
        return uids == null ? FilterFile.read(truth, samples) : FilterFile.read(truth, uids);
    }
}
