package org.gradmimic.select.filter;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.select.uid.UidSubset;
import org.gradmimic.select.uid.Uids;

/**
 * Filters as files, their kind told by the name's ending (docs/formats.md):
 *
 * <table>
 * <caption>Endings</caption>
 * <tr><th></th><th>by sample number</th><th>by uid</th></tr>
 * <tr><td>{@code .npy}</td><td>bool [N], true = keep</td><td>dtype {@code u8,u8}: the kept, sorted; DataComp's subset</td></tr>
 * <tr><td>{@code .parquet}</td><td>{@code sample_id}, {@code keep}: a row a sample</td><td>{@code uid}: the kept, sorted</td></tr>
 * <tr><td>{@code .txt}</td><td>a line a kept sample</td><td>the kept, sorted</td></tr>
 * </table>
 *
 * <p>Lists of uids are never held in memory. Files are whole or absent. Read is also a folder of {@code .parquet} files, as
 * Spark writes them: one table, the files taken in the order of their names.
 */
public final class FilterFile {
    private FilterFile() {}

    /**
     * Refuses a name no filter could be written under, before the filter is made.
     *
     * @throws InputException if it does not end in {@code .npy}, {@code .parquet} or {@code .txt}, is a folder, or its
     *     folder is missing or can't be written to
     */
    public static void requireWritable(Path file) {
        FilterFormat.of(file);
        AtomicFile.requireWritable(file);
    }

    /**
     * Writes a filter by sample number.
     *
     * @param file ends in {@code .npy}, {@code .parquet} or {@code .txt}
     * @throws InputException if it cannot be written; what bore the name before is untouched
     */
    public static void write(Path file, Filter filter) {
        switch (FilterFormat.of(file)) {
            case NPY -> FilterWriter.npy(file, filter);
            case PARQUET -> FilterWriter.parquet(file, filter);
            case TEXT -> FilterWriter.text(file, filter);
        }
    }

    /**
     * Writes a filter by uid: the uids of the kept samples, sorted, as often as they are in the pool.
     *
     * @param file ends in {@code .npy}, {@code .parquet} or {@code .txt}
     * @param uids the pool: sample i's uid is the i-th
     * @throws InputException if it cannot be written, or the pool has another number of samples than the filter; what bore
     *     the name before is untouched
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
     * Whether a file names samples by uid, and so needs a pool or is a list of its own.
     *
     * @throws InputException if it is missing, damaged or no filter
     */
    public static boolean isByUid(Path file) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> FilterReader.isUidNpy(file);
            case PARQUET -> FilterReader.isUidParquet(file);
            case TEXT -> FilterReader.isUidText(file);
        };
    }

    /**
     * How many samples a filter by number is over, if it says so itself: {@code .npy} bool, or {@code .parquet} with
     * {@code keep}. Only the file's head is read.
     *
     * @return N; empty for lists of the kept, of numbers or uids
     * @throws InputException if it is missing, damaged or no filter
     */
    public static OptionalLong samples(Path file) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> FilterReader.npySamples(file);
            case PARQUET -> FilterReader.parquetSamples(file);
            case TEXT -> OptionalLong.empty();
        };
    }

    /**
     * Reads a filter that says itself how many samples there are: {@code .npy} bool, or {@code .parquet} with
     * {@code sample_id} and {@code keep}.
     *
     * @throws InputException if it is missing, damaged, or a list of the kept alone
     */
    public static Filter read(Path file) {
        return read(file, FilterReader.UNKNOWN);
    }

    /**
     * Reads a filter by sample number.
     *
     * @param samples N
     * @throws InputException if it is missing, damaged, a list of uids, or over another number of samples
     */
    public static Filter read(Path file, long samples) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> FilterReader.npy(file, samples);
            case PARQUET -> FilterReader.parquet(file, samples);
            case TEXT -> FilterReader.text(file, samples);
        };
    }

    /**
     * Reads a filter of either kind over a pool. A sample is kept if its uid is in the list, however often.
     *
     * @param uids the pool: sample i's uid is the i-th
     * @throws InputException if it is missing, damaged, or over another number of samples
     */
    public static Filter read(Path file, Uids uids) {
        if (!isByUid(file)) {
            return read(file, uids.size());
        }
        UidSubset kept = readUids(file);
        Filter.Builder filter = Filter.builder(uids.size());
        uids.forEach((sample, high, low) -> filter.set(sample, kept.contains(high, low)));
        return filter.build();
    }

    /**
     * Reads a filter by uid without a pool: the kept, sorted, as often as they are in the file.
     *
     * @throws InputException if it is missing, damaged, not sorted ({@code .npy} only), or by sample number
     */
    public static UidSubset readUids(Path file) {
        return switch (FilterFormat.ofInput(file)) {
            case NPY -> UidSubset.open(file);
            case PARQUET -> FilterReader.uidParquet(file);
            case TEXT -> UidSubset.collect(sorter -> Uids.open(file).forEach((i, high, low) -> sorter.add(high, low)));
        };
    }
}
