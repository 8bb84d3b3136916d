package org.gradmimic.cli.filter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Progress;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterExpression;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.filter.FilterSet;
import org.gradmimic.select.filter.FilterSource;
import org.gradmimic.select.uid.Uids;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Set algebra on filters. */
@Command(
        name = "combine",
        description = "Combines filters by an expression with & (and), | (or), - (minus), ! (not) and parentheses;"
                + " ! binds most tightly, then -, & and |.",
        footer = {
            "",
            "A filter is a file (bool .npy, u8,u8 .npy, .parquet, .txt), or a file of values with a rule:",
            "FILE:top=SHARE, FILE:bottom=SHARE, FILE:top-k=COUNT or FILE:threshold=NUMBER.",
            "FILE:COLUMN:RULE=NUMBER takes another column of a score table, such as clip_similarity.",
            "",
            "  gradmimic filter combine \"clip & !worst\" --filter clip=clip_top30.npy \\",
            "      --filter worst=scores.npy:bottom=0.15 --uids metadata/ --out subset.npy"
        })
final class CombineCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private PoolOptions pool;

    @Mixin
    private NamesOptions names;

    @Parameters(index = "0", paramLabel = "EXPRESSION", description = "The expression, for example \"clip & !worst\".")
    private String text;

    @Option(
            names = "--filter",
            required = true,
            paramLabel = "NAME=FILE[:[COLUMN:]RULE=NUMBER]",
            description = "A filter and its name in the expression. May be given several times.")
    private List<String> definitions = List.of();

    @Option(names = "--by-number", description = "Write samples by number, even if their uids are given.")
    private boolean byNumber;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description =
                    "Output: .npy, .parquet or .txt; uids if they are known, otherwise sample numbers; with --names"
                            + " also .csv. An existing file is replaced.")
    private Path out;

    @Override
    public Integer call() {
        FilterExpression expression = FilterExpression.parse(text);
        Map<String, FilterSource> sources = sources(expression);
        names.checkOutputs(out, inputs(sources));
        names.open(null, out, pool.pool() != null && !byNumber);
        String kept;
        try (Progress progress = common.progress("reading", "uids", -1)) {
            FilterSet filters = FilterSet.read(sources, pool.uids(common, progress), pool.samples());
            Filter result = filters.evaluate(expression);
            write(filters, result);
            kept = Kept.of(result, filters.isWhole());
        }
        common.out().println(out + ": " + kept);
        return 0;
    }

    private void write(FilterSet filters, Filter result) {
        Uids uids = filters.uids();
        if (uids == null || byNumber) {
            if (!filters.isWhole()) throw new InputException("--by-number needs the pool's uids (--uids)");
            names.write(out, result);
        } else {
            FilterFile.write(out, result, uids);
        }
    }

    /** The filters that the expression uses. */
    private Map<String, FilterSource> sources(FilterExpression expression) {
        Map<String, FilterSource> defined = new LinkedHashMap<>();
        for (String definition : definitions) {
            int equals = definition.indexOf('=');
            String name = equals < 0 ? "" : definition.substring(0, equals);
            if (!FilterExpression.isName(name) || equals == definition.length() - 1) {
                throw new InputException(
                        "--filter " + definition + ": expected NAME=FILE, the name of letters, digits, _"
                                + " and ., beginning with a letter or _");
            }
            if (defined.put(name, FilterSource.parse(definition.substring(equals + 1))) != null) {
                throw new InputException("--filter " + name + " is given twice");
            }
        }
        for (String name : expression.names()) {
            if (!defined.containsKey(name)) {
                throw new InputException("expression \"" + expression + "\": there is no filter " + name
                        + "; --filter gives " + String.join(", ", defined.keySet()));
            }
        }
        defined.keySet().retainAll(expression.names());
        return defined;
    }

    private Path[] inputs(Map<String, FilterSource> sources) {
        List<Path> inputs = new ArrayList<>();
        sources.values().forEach(source -> inputs.add(source.file()));
        Path uids = pool.pool();
        if (uids != null) inputs.add(uids);
        return inputs.toArray(Path[]::new);
    }
}
