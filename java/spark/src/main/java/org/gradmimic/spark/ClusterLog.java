package org.gradmimic.spark;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.base.InputException;

/**
 * A score log on any file system that Spark reads, as it was when it was opened: a folder of parts, one Parquet file,
 * or a folder of Parquet files with other names, in the order of their names. It corresponds to {@link
 * org.gradmimic.select.score.ScoreLog} on one machine.
 */
final class ClusterLog {

    /** The number of rows that one task usually reads, about that of a part. */
    static final long ROWS_PER_SPLIT = 1 << 20;

    private static final Pattern PART = Pattern.compile("part-\\d{6}\\.parquet");

    private final List<LogPart> parts;
    private final int epochs;
    private final long samples;

    private ClusterLog(List<LogPart> parts) {
        this.parts = parts;
        epochs = parts.stream().mapToInt(LogPart::lastEpoch).max().orElse(-1) + 1;
        samples = parts.stream().mapToLong(LogPart::lastSample).max().orElse(-1) + 1;
    }

    /**
     * Consecutive row groups of a part.
     *
     * @param from the first group
     * @param to the group after the last
     * @param firstPlace the position of the first row in the log
     */
    record Slice(String path, int from, int to, long firstPlace) implements Serializable {}

    /**
     * Opens a log. The executors check the columns of its parts.
     *
     * @param folderOrFile the folder of the log, a Parquet file or a folder of such files; not a pattern
     * @throws InputException if there is no log, or a part is truncated, corrupt or not part of a score log; names the
     *     part
     */
    static ClusterLog open(JavaSparkContext spark, String folderOrFile) {
        List<String> files = files(folderOrFile, spark.hadoopConfiguration());
        Broadcast<SerializableConfiguration> hadoop = Hadoop.broadcast(spark);
        return new ClusterLog(spark.parallelize(files, Math.min(files.size(), 4 * spark.defaultParallelism()))
                .map(file -> summary(file, hadoop.value().value()))
                .collect());
    }

    private static LogPart summary(String file, Configuration hadoop) {
        try (LogPartReader reader = LogPartReader.open(file, hadoop)) {
            return reader.summary();
        }
    }

    private static List<String> files(String folderOrFile, Configuration hadoop) {
        Path path = Hadoop.path(folderOrFile, "scores");
        try {
            FileSystem files = path.getFileSystem(hadoop);
            if (!files.exists(path)) {
                throw InputException.in(folderOrFile, "no such score log (a folder of parts or a Parquet file)");
            }
            if (files.getFileStatus(path).isFile()) {
                return List.of(path.toString());
            }
            List<String> all = Hadoop.parquetFiles(files, path);
            List<String> parts = all.stream()
                    .filter(file -> PART.matcher(new Path(file).getName()).matches())
                    .toList();
            if (all.isEmpty()) {
                throw new InputException(folderOrFile + " holds no finished part of a score log (part-*.parquet)");
            }
            return parts.isEmpty() ? all : parts;
        } catch (IOException e) {
            throw new InputException("cannot read " + folderOrFile + ": " + Failures.reason(e), e);
        }
    }

    /** {@return the number of rows in all parts} */
    long rows() {
        return parts.stream().mapToLong(LogPart::rows).sum();
    }

    /** {@return E, the highest epoch + 1; 0 if there are no rows} */
    int epochs() {
        return epochs;
    }

    /** {@return the highest sample id + 1; 0 if there are no rows} */
    long samples() {
        return samples;
    }

    /**
     * {@return all rows, divided into splits, each of which one task reads}
     *
     * @param most the largest number of rows in a split, unless a row group has more
     */
    List<List<Slice>> splits(long most) {
        List<List<Slice>> splits = new ArrayList<>();
        List<Slice> split = new ArrayList<>();
        long splitRows = 0;
        long place = 0;
        for (LogPart part : parts) {
            List<Long> rows = part.groupRows();
            for (int from = 0, to; from < rows.size(); from = to) {
                long sliceRows = 0;
                for (to = from;
                        to < rows.size() && (to == from || splitRows + sliceRows + rows.get(to) <= most);
                        to++) {
                    sliceRows += rows.get(to);
                }
                if (splitRows + sliceRows > most) {
                    add(splits, split);
                    split = new ArrayList<>();
                    splitRows = 0;
                }
                split.add(new Slice(part.path(), from, to, place));
                splitRows += sliceRows;
                place += sliceRows;
            }
        }
        add(splits, split);
        return splits;
    }

    private static void add(List<List<Slice>> splits, List<Slice> split) {
        if (!split.isEmpty()) {
            splits.add(split);
        }
    }
}
