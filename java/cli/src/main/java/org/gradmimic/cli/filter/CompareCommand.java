package org.gradmimic.cli.filter;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.cli.Table;
import org.gradmimic.select.filter.FilterComparison;
import org.gradmimic.select.filter.FilterSet;
import org.gradmimic.select.filter.FilterSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Compares two filters. */
@Command(
        name = "compare",
        description =
                "Compares two filters: number of samples that each, both and either keep; overlap, Jaccard, agreement.",
        footer = {
            "",
            "overlap: samples that both keep, as a share of those of the smaller filter.",
            "jaccard: samples that both keep, as a share of those that at least one keeps.",
            "agreement: share of all samples that both keep or both discard; empty if only lists are known.",
            "A filter is a file, or a file of values with a rule, as in gradmimic filter combine."
        })
final class CompareCommand implements Callable<Integer> {
    private static final String FIRST = "first";
    private static final String SECOND = "second";

    @Mixin
    private CommonOptions common;

    @Mixin
    private PoolOptions pool;

    @Parameters(index = "0", paramLabel = "FILTER", description = "A filter.")
    private String first;

    @Parameters(index = "1", paramLabel = "FILTER", description = "The other.")
    private String second;

    @Override
    public Integer call() {
        Map<String, FilterSource> sources = new LinkedHashMap<>();
        sources.put(FIRST, FilterSource.parse(first));
        sources.put(SECOND, FilterSource.parse(second));
        FilterSet filters;
        try (Progress progress = common.progress("reading", "uids", -1)) {
            filters = FilterSet.read(sources, pool.uids(common, progress), pool.samples());
        }
        FilterComparison comparison = FilterComparison.of(filters.get(FIRST), filters.get(SECOND));
        boolean whole = filters.isWhole();
        new Table("samples", "first", "second", "both", "either", "overlap", "jaccard", "agreement")
                .add(
                        whole ? comparison.samples() : null,
                        comparison.keptByFirst(),
                        comparison.keptBySecond(),
                        comparison.keptByBoth(),
                        comparison.keptByEither(),
                        comparison.overlap(),
                        comparison.jaccard(),
                        whole ? comparison.agreement() : null)
                .print(common.out());
        return 0;
    }
}
