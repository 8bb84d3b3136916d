package org.gradmimic.cli.filter;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.Arguments;
import org.gradmimic.io.sample.SampleNames;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for the names of samples in the outputs of a filter; a picocli mix-in. */
final class NamesOptions {
    @Option(
            names = "--names",
            paramLabel = "FILE",
            description =
                    "The names of the samples, a samples.parquet as embed writes it (default: the one in the run's"
                            + " folder or beside the scores). An output .csv or .parquet then has their paths and classes.")
    private @Nullable Path file;

    @Option(
            names = "--discarded",
            paramLabel = "FILE",
            description = "Also write the names of the samples discarded: .csv, .parquet, or .txt with a path a line.")
    private @Nullable Path discarded;

    private @Nullable SampleNames names;

    /** Rejects outputs that could not be written, before anything is computed. */
    void checkOutputs(Path out, Path... inputs) {
        if (FilterFile.isCsv(out)) FilterFile.requireWritableWithNames(out);
        else FilterFile.requireWritable(out);
        Path[] all = Stream.concat(Stream.of(inputs), Stream.ofNullable(file)).toArray(Path[]::new);
        Arguments.requireOther(out, all);
        if (discarded == null) return;
        FilterFile.requireWritableDiscarded(discarded);
        Arguments.requireOther(discarded, all);
        Arguments.requireDifferent(List.of(out, discarded));
    }

    /**
     * Opens the names.
     *
     * @param scores where to look for them if they are not given; null: nowhere
     * @param out written with names if it is a {@code .csv}
     * @param byUid whether the output identifies samples by uid
     */
    void open(@Nullable Path scores, Path out, boolean byUid) {
        boolean needed = FilterFile.isCsv(out) || discarded != null;
        if (byUid) {
            if (file != null) throw new InputException("--names and --uids exclude each other");
            if (needed) throw new InputException("a list with names numbers the samples; it excludes --uids");
            return;
        }
        if (file != null) names = SampleNames.open(file);
        else if (scores != null) names = find(scores).orElse(null);
        if (names == null && needed) {
            throw new InputException((discarded == null ? out : discarded)
                    + " lists samples by name: give their names with --names, a samples.parquet");
        }
    }

    private static Optional<SampleNames> find(Path scores) {
        if (!Files.isDirectory(scores)) return SampleNames.beside(scores);
        Optional<SampleNames> inside = SampleNames.in(scores);
        return inside.isPresent() ? inside : SampleNames.beside(scores);
    }

    /** The names; null if there are none. */
    @Nullable
    SampleNames names() {
        return names;
    }

    /** Writes a filter by sample number, with the names where the format has room for them, and the list of discarded. */
    void write(Path out, Filter filter) {
        SampleNames known = names;
        boolean room = FilterFile.isCsv(out) || out.toString().endsWith(".parquet");
        if (known != null && room) FilterFile.write(out, filter, known);
        else FilterFile.write(out, filter);
        if (discarded != null && known != null) FilterFile.writeDiscarded(discarded, filter, known);
    }
}
