package org.gradmimic.select.filter;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.sample.SampleNames;
import org.gradmimic.select.sample.Draws;
import org.gradmimic.select.uid.UidSubset;
import org.gradmimic.select.uid.Uids;

/**
 * Filters as files. The extension of the name selects the format (docs/formats.md):
 *
 * <table>
 * <caption>Extensions</caption>
 * <tr><th>extension</th><th>by sample number</th><th>by uid</th></tr>
 * <tr><td>{@code .npy}</td><td>bool [N], true = keep</td><td>dtype {@code u8,u8}: the kept, sorted; DataComp's subset</td></tr>
 * <tr><td>{@code .parquet}</td><td>{@code sample_id}, {@code keep}; one row per sample</td><td>{@code uid}: the kept, sorted</td></tr>
 * <tr><td>{@code .txt}</td><td>one line per kept sample</td><td>the kept, sorted</td></tr>
 * </table>
 *
 * <p>With the names of the samples, a filter by number is {@code .csv} or {@code .parquet} with a row per sample and
 * columns for path, label, class and split.
 *
 * <p>Lists of uids are never held in memory. Files are whole or absent. A folder of {@code .parquet} files, such as
 * Spark writes, is read as one table, in the order of the file names.
 */
public final class FilterFile {
    private FilterFile() {}

    /**
     * Rejects a name that no filter could be written under, before the filter is computed.
     *
     * @throws InputException if the name does not end in {@code .npy}, {@code .parquet} or {@code .txt}, if it is a
     *     folder, or if its folder is missing or not writable
     */
    public static void requireWritable(Path file) {
        FilterFormat.of(file);
        AtomicFile.requireWritable(file);
    }

    /**
     * Writes a filter by sample number.
     *
     * @param file ends in {@code .npy}, {@code .parquet} or {@code .txt}
     * @throws InputException if the file cannot be written; an existing file of that name is then untouched
     */
    public static void write(Path file, Filter filter) {
        switch (FilterFormat.of(file)) {
            case NPY -> FilterWriter.npy(file, filter);
            case PARQUET -> FilterWriter.parquet(file, filter);
            case TEXT -> FilterWriter.text(file, filter);
        }
    }

    /**
     * Rejects a name under which no filter with the names of its samples could be written.
     *
     * @throws InputException if the name does not end in {@code .csv} or {@code .parquet}, and as {@link
     *     #requireWritable}
     */
    public static void requireWritableWithNames(Path file) {
        if (!isCsv(file) && FilterFormat.of(file) != FilterFormat.PARQUET) {
            throw InputException.in(file, "expected a name that ends in .csv or .parquet, for a filter with names");
        }
        AtomicFile.requireWritable(file);
    }

    /** Whether a file's name ends in {@code .csv}: such a filter always has the names of its samples. */
    public static boolean isCsv(Path file) {
        return file.toString().endsWith(".csv");
    }

    /**
     * Writes a filter by sample number with the names of the samples: {@code sample_id}, {@code keep}, {@code path},
     * {@code label}, {@code class} and {@code split}, one row per sample. The {@code .parquet} is read as a filter like
     * any other; the {@code .csv} is for spreadsheets and scripts.
     *
     * @param file ends in {@code .csv} or {@code .parquet}
     * @throws InputException if the file cannot be written, or there are more or fewer names than samples; an existing
     *     file of that name is then untouched
     */
    public static void write(Path file, Filter filter, SampleNames names) {
        requireWritableWithNames(file);
        names.requireSize(filter.samples());
        if (isCsv(file)) NamedFilterWriter.csv(file, filter, names);
        else NamedFilterWriter.parquet(file, filter, names);
    }

    /**
     * Writes the names of the samples that a filter discards, in their order: {@code .txt} has a path a line; {@code
     * .csv} and {@code .parquet} have the columns of {@link #write(Path, Filter, SampleNames)} without {@code keep}.
     *
     * @param file ends in {@code .txt}, {@code .csv} or {@code .parquet}
     * @throws InputException as {@link #write(Path, Filter, SampleNames)}, or if a path for a {@code .txt} has a line
     *     break
     */
    public static void writeDiscarded(Path file, Filter filter, SampleNames names) {
        requireWritableDiscarded(file);
        names.requireSize(filter.samples());
        if (isCsv(file)) NamedFilterWriter.discardedCsv(file, filter, names);
        else if (FilterFormat.of(file) == FilterFormat.TEXT) NamedFilterWriter.discardedText(file, filter, names);
        else NamedFilterWriter.discardedParquet(file, filter, names);
    }

    /**
     * Rejects a name under which no list of discarded samples could be written.
     *
     * @throws InputException if the name does not end in {@code .txt}, {@code .csv} or {@code .parquet}, and as {@link
     *     #requireWritable}
     */
    public static void requireWritableDiscarded(Path file) {
        if (!isCsv(file) && FilterFormat.of(file) == FilterFormat.NPY) {
            throw InputException.in(
                    file, "expected a name that ends in .txt, .csv or .parquet, for a list of discarded samples");
        }
        AtomicFile.requireWritable(file);
    }

    /**
     * Writes a filter by uid: the sorted uids of the kept samples, each as often as it is in the pool.
     *
     * @param file ends in {@code .npy}, {@code .parquet} or {@code .txt}
     * @param uids the pool; its i-th uid belongs to sample i
     * @throws InputException if the file cannot be written, or the pool and the filter have different numbers of
     *     samples; an existing file of that name is then untouched
     */
    public static void write(Path file, Filter filter, Uids uids) {
        if (uids.size() != filter.samples()) {
            throw new InputException(
                    "the filter is over " + filter.samples() + " samples, but there are " + uids.size() + " uids");
        }
        requireWritable(file);
        switch (FilterFormat.of(file)) {
            case NPY -> FilterWriter.npy(file, filter, uids);
            case PARQUET -> FilterWriter.parquet(file, FilterWriter.kept(filter, uids));
            case TEXT -> FilterWriter.text(file, FilterWriter.kept(filter, uids));
        }
    }

    /**
     * Writes a subset with repeats by sample number: the numbers, ascending, each as often as it was drawn. {@code .npy} is
     * int64 [K], {@code .parquet} has only {@code sample_id}.
     *
     * @param file ends in {@code .npy}, {@code .parquet} or {@code .txt}
     * @throws InputException if the file cannot be written; an existing file of that name is then untouched
     */
    public static void write(Path file, Draws draws) {
        switch (FilterFormat.of(file)) {
            case NPY -> FilterWriter.npy(file, draws);
            case PARQUET -> FilterWriter.parquet(file, draws);
            case TEXT -> FilterWriter.text(file, draws);
        }
    }

    /**
     * Writes a subset with repeats by uid: the sorted uids, each as often as it was drawn.
     *
     * @param file ends in {@code .npy}, {@code .parquet} or {@code .txt}
     * @param uids the pool; its i-th uid belongs to sample i
     * @throws InputException if the file cannot be written, or the pool has another number of samples; an existing file of
     *     that name is then untouched
     */
    public static void write(Path file, Draws draws, Uids uids) {
        if (uids.size() != draws.samples()) {
            throw new InputException(
                    "the draws are from " + draws.samples() + " samples, but there are " + uids.size() + " uids");
        }
        requireWritable(file);
        switch (FilterFormat.of(file)) {
            case NPY -> FilterWriter.npy(file, draws, uids);
            case PARQUET -> FilterWriter.parquet(file, FilterWriter.drawn(draws, uids));
            case TEXT -> FilterWriter.text(file, FilterWriter.drawn(draws, uids));
        }
    }

    /**
     * Whether a file identifies samples by uid, so that it needs a pool or is a list by itself.
     *
     * @throws InputException if the file is missing, damaged or not a filter
     */
    public static boolean isByUid(Path file) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> FilterReader.isUidNpy(file);
            case PARQUET -> FilterReader.isUidParquet(file);
            case TEXT -> FilterReader.isUidText(file);
        };
    }

    /**
     * The number of samples that a filter by number covers, if the file records it: {@code .npy} bool, or {@code
     * .parquet} with {@code keep}. Only the header of the file is read.
     *
     * @return N; empty for lists of the kept samples, by number or by uid
     * @throws InputException if the file is missing, damaged or not a filter
     */
    public static OptionalLong samples(Path file) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> FilterReader.npySamples(file);
            case PARQUET -> FilterReader.parquetSamples(file);
            case TEXT -> OptionalLong.empty();
        };
    }

    /**
     * Reads a filter that records its number of samples: {@code .npy} bool, or {@code .parquet} with {@code sample_id}
     * and {@code keep}.
     *
     * @throws InputException if the file is missing, damaged, or only a list of the kept samples
     */
    public static Filter read(Path file) {
        return read(file, FilterReader.UNKNOWN);
    }

    /**
     * Reads a filter by sample number.
     *
     * @param samples N
     * @throws InputException if the file is missing, damaged, a list of uids, or covers another number of samples
     */
    public static Filter read(Path file, long samples) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> FilterReader.npy(file, samples);
            case PARQUET -> FilterReader.parquet(file, samples);
            case TEXT -> FilterReader.text(file, samples);
        };
    }

    /**
     * Reads a filter of either kind over a pool. A sample is kept if its uid is in the list.
     *
     * @param uids the pool; its i-th uid belongs to sample i
     * @throws InputException if the file is missing, damaged, covers another number of samples, or contains a uid more often
     *     than the pool
     */
    public static Filter read(Path file, Uids uids) {
        if (!isByUid(file)) {
            return read(file, uids.size());
        }
        UidSubset kept = readUids(file);
        Filter.Builder filter = Filter.builder(uids.size());
        uids.forEach((sample, high, low) -> filter.set(sample, kept.contains(high, low)));
        Filter built = filter.build();
        if (Repeats.has(kept)) Repeats.refuseMoreThan(file, kept, FilterWriter.kept(built, uids));
        return built;
    }

    /**
     * The numbers of the samples that a filter keeps, ascending; or those of a subset with repeats, which is a {@code .npy} of
     * integers.
     *
     * @param samples N
     * @throws InputException as {@link #read(Path, long)}, or if a number is out of range or there are too many for an array
     */
    public static long[] readNumbers(Path file, long samples) {
        return FilterFormat.ofInput(file) == FilterFormat.NPY && FilterReader.isNumbersNpy(file)
                ? FilterReader.numbers(file, samples)
                : numbers(file, read(file, samples));
    }

    /**
     * The numbers of the samples of a pool that a filter keeps; see {@link #readNumbers(Path, long)}.
     *
     * @param uids the pool; its i-th uid belongs to sample i
     * @throws InputException as {@link #read(Path, Uids)}, or if there are too many for an array
     */
    public static long[] readNumbers(Path file, Uids uids) {
        return numbers(file, read(file, uids));
    }

    private static long[] numbers(Path file, Filter filter) {
        if (filter.kept() > Integer.MAX_VALUE - 8) {
            throw InputException.in(file, "keeps " + filter.kept() + " samples, more than fit into one array");
        }
        long[] numbers = new long[(int) filter.kept()];
        int[] next = {0};
        filter.forEachKept(sample -> numbers[next[0]++] = sample);
        return numbers;
    }

    /**
     * Reads a filter by uid without a pool: the sorted uids, each as often as it is in the file.
     *
     * @throws InputException if the file is missing, damaged, by sample number, or not sorted ({@code .npy} only)
     */
    public static UidSubset readUids(Path file) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> UidSubset.open(file);
            case PARQUET -> FilterReader.uidParquet(file);
            case TEXT -> UidSubset.collect(sorter -> Uids.open(file).forEach((i, high, low) -> sorter.add(high, low)));
        };
    }
}
