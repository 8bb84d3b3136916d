package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Table;
import org.gradmimic.select.filter.Correlation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.uid.Uids;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * The quality estimate (the share that a filter keeps) over runs, and its correlation with the noise that was added.
 */
@Command(
        name = "quality",
        description = "Prints the share that each run's filter keeps, which estimates the quality of its data, and the"
                + " Pearson and Spearman correlation of that share with the noise over the runs.",
        footer = {
            "",
            "  gradmimic filter quality run1/keep.npy=0.1 run2/keep.npy=0.2 run3/keep.npy=clean.npy",
            "",
            "The noise is a level, or a filter of the clean samples. In the latter case it is the share that is not",
            "clean, and precision, recall and F1 are printed too (found = discarded as mislabelled)."
        })
final class QualityCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private PoolOptions pool;

    @Parameters(
            arity = "1..*",
            paramLabel = "FILTER[=NOISE]",
            description =
                    "The filter of a run, and the noise in its data: a number from 0 to 1, or the file of a filter"
                            + " that keeps the clean samples.")
    private List<String> texts = List.of();

    /** One run; the noise is NaN where it was not given. */
    private record Result(
            String filter,
            Filter keep,
            double noise,
            @Nullable Detection detection) {}

    @Override
    public Integer call() {
        Uids uids = pool.uids(common);
        List<Result> results = new ArrayList<>();
        for (String text : texts) results.add(run(text, uids));
        Table table = new Table("filter", "samples", "kept", "share", "noise", "precision", "recall", "f1");
        for (Result run : results) {
            Detection found = run.detection;
            table.add(
                    run.filter,
                    run.keep.samples(),
                    run.keep.kept(),
                    run.keep.keptShare(),
                    Double.isNaN(run.noise) ? null : run.noise,
                    found == null ? null : found.precision(),
                    found == null ? null : found.recall(),
                    found == null ? null : found.f1());
        }
        table.print(common.out());
        correlate(results.stream().filter(run -> !Double.isNaN(run.noise)).toList());
        return 0;
    }

    private Result run(String text, @Nullable Uids uids) {
        int equals = text.lastIndexOf('=');
        String file = equals < 0 ? text : text.substring(0, equals);
        Filter keep = read(Path.of(file), uids, pool.samples());
        if (equals < 0) return new Result(file, keep, Double.NaN, null);
        String noise = text.substring(equals + 1);
        try {
            double level = Double.parseDouble(noise);
            if (!(level >= 0 && level <= 1)) {
                throw new InputException("'" + text + "': the noise is " + noise + ", expected 0 to 1");
            }
            return new Result(file, keep, level, null);
        } catch (NumberFormatException e) {
            Filter clean = read(Path.of(noise), uids, OptionalLong.of(keep.samples()));
            return new Result(file, keep, 1 - clean.keptShare(), Detection.of(keep, clean.not()));
        }
    }

    private static Filter read(Path file, @Nullable Uids uids, OptionalLong samples) {
        if (uids != null) return FilterFile.read(file, uids);
        return samples.isPresent() ? FilterFile.read(file, samples.getAsLong()) : FilterFile.read(file);
    }

    private void correlate(List<Result> runs) {
        if (runs.size() < 2) {
            common.note("a correlation needs the noise of at least two runs");
            return;
        }
        double[] shares = runs.stream().mapToDouble(run -> run.keep.keptShare()).toArray();
        double[] noise = runs.stream().mapToDouble(Result::noise).toArray();
        double pearson = Correlation.pearson(shares, noise);
        if (Double.isNaN(pearson)) {
            common.note("no correlation: all shares, or all noise levels, are equal");
            return;
        }
        common.out().println();
        new Table("runs", "pearson", "spearman")
                .add(runs.size(), pearson, Correlation.spearman(shares, noise))
                .print(common.out());
    }
}
