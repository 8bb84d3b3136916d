package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Table;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterComparison;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.filter.ScoreFilters;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.uid.Uids;
import org.gradmimic.select.vote.Binarizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Guesses which samples the reference model was trained on, and compares the guess with the truth. */
@Command(
        name = "membership",
        description =
                "Guesses the training set of the reference model: the samples with the highest scores. Compares it"
                        + " with the true one.",
        footer = {
            "",
            "jaccard: samples in both sets, as a share of those in either. Equal scores are in or out together."
        })
final class MembershipCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private PoolOptions pool;

    @Option(
            names = "--scores",
            required = true,
            paramLabel = "FILE",
            description = "One score or probability per sample: .npy [N], float, or a .parquet score table.")
    private Path scores;

    @Option(
            names = "--members",
            required = true,
            paramLabel = "FILE",
            description = "A filter that keeps the samples on which the reference was trained.")
    private Path members;

    @Option(
            names = "--share",
            split = ",",
            paramLabel = "P",
            description =
                    "Shares of the samples to guess, from 0 to 1, separated by commas (default: as many samples as"
                            + " there are members).")
    private List<Double> shares = List.of();

    @Override
    public Integer call() {
        for (double share : shares) {
            if (!(share >= 0 && share <= 1)) throw new InputException("--share is " + share + ", expected 0 to 1");
        }
        Values values = Values.open(scores);
        Uids uids = pool.uids(common);
        Filter truth = uids == null ? FilterFile.read(members, values.size()) : FilterFile.read(members, uids);
        if (truth.samples() != values.size()) {
            throw new InputException(scores + " has " + values.size() + " scores for " + truth.samples() + " samples");
        }
        Table table = new Table("share", "guessed", "members", "both", "precision", "recall", "jaccard");
        if (shares.isEmpty()) {
            add(table, truth.keptShare(), ScoreFilters.keep(values, Binarizer.topK(truth.kept())), truth);
        }
        for (double share : shares) {
            add(table, share, ScoreFilters.keep(values, Binarizer.topShare(share)), truth);
        }
        table.print(common.out());
        return 0;
    }

    private static void add(Table table, double share, Filter guess, Filter truth) {
        FilterComparison comparison = FilterComparison.of(guess, truth);
        table.add(
                share,
                guess.kept(),
                truth.kept(),
                comparison.keptByBoth(),
                comparison.precision(),
                comparison.recall(),
                comparison.jaccard());
    }
}
