package org.gradmimic.report.html;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.duckdb.DuckDBReadableVector;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetReader;
import org.jspecify.annotations.Nullable;

/** What issues.parquet says of the suspected samples, by sample. */
final class Issues {
    private final long count;
    private final int[] rank;
    private final int[] suggested;
    private final float[] score;
    private final float[] keep;
    private final float[] loss;
    private final @Nullable Map<Integer, String> paths;

    private Issues(int samples, long count, boolean withPaths) {
        this.count = count;
        rank = new int[samples];
        Arrays.fill(rank, Integer.MAX_VALUE);
        suggested = new int[samples];
        Arrays.fill(suggested, -1);
        score = unknown(samples);
        keep = unknown(samples);
        loss = unknown(samples);
        paths = withPaths ? new HashMap<>() : null;
    }

    private static float[] unknown(int samples) {
        float[] values = new float[samples];
        Arrays.fill(values, Float.NaN);
        return values;
    }

    /** The highest id in the file + 1, for runs whose number of samples no other file states. */
    static int samples(Path file) {
        long[] most = {-1};
        List<ParquetReader> files = ParquetReader.openAll(file).stream()
                .map(part -> part.integers("id"))
                .toList();
        ParquetReader.scanAll(files, List.of("id"), (part, first, chunk) -> {
            for (int i = 0; i < chunk.rowCount(); i++)
                most[0] = Math.max(most[0], chunk.vector(0).getLong(i));
        });
        if (most[0] > Integer.MAX_VALUE - 8)
            throw InputException.in(file, "has the id " + most[0] + ", too high for a report");
        return (int) most[0] + 1;
    }

    /**
     * Reads the file.
     *
     * @param samples N
     * @param classNames to which classes of suggestions are added that it lacks
     * @throws InputException if the file is damaged, lacks a column, or names a sample that the run does not have
     */
    static Issues read(Path file, int samples, List<String> classNames) {
        List<ParquetReader> found = ParquetReader.openAll(file);
        boolean withPaths = ParquetReader.have(found, "path");
        List<ParquetReader> files = found.stream()
                .map(part -> part.integers("rank")
                        .integers("id")
                        .texts("suggested_label")
                        .numbers("mimic_score")
                        .numbers("keep_probability")
                        .numbers("loss"))
                .map(part -> withPaths ? part.texts("path") : part)
                .toList();
        Issues issues = new Issues(samples, ParquetReader.rows(files), withPaths);
        Map<String, Integer> labels = new HashMap<>();
        for (int c = 0; c < classNames.size(); c++) labels.put(classNames.get(c), c);
        List<String> columns = List.of(
                "rank", "id", "suggested_label", "mimic_score", "keep_probability", "loss", withPaths ? "path" : "id");
        ParquetReader.scanAll(files, columns, (part, first, chunk) -> {
            for (int i = 0; i < chunk.rowCount(); i++) {
                long id = chunk.vector(1).isNull(i) ? -1 : chunk.vector(1).getLong(i);
                if (id < 0 || id >= samples) {
                    throw InputException.at(
                            part.file(),
                            "row",
                            first + i,
                            "has the id " + id + "; the run has samples 0 to " + (samples - 1));
                }
                int sample = (int) id;
                issues.rank[sample] = (int) chunk.vector(0).getLong(i, first + i);
                issues.score[sample] = number(chunk.vector(3), i);
                issues.keep[sample] = number(chunk.vector(4), i);
                issues.loss[sample] = number(chunk.vector(5), i);
                if (!chunk.vector(2).isNull(i)) {
                    String label = chunk.vector(2).getString(i);
                    issues.suggested[sample] = labels.computeIfAbsent(label, name -> {
                        classNames.add(name);
                        return classNames.size() - 1;
                    });
                }
                if (issues.paths != null && !chunk.vector(6).isNull(i))
                    issues.paths.put(sample, chunk.vector(6).getString(i));
            }
        });
        return issues;
    }

    private static float number(DuckDBReadableVector column, int i) {
        return column.isNull(i) ? Float.NaN : (float) column.getDouble(i);
    }

    /** How many samples are suspected. */
    long count() {
        return count;
    }

    boolean has(int sample) {
        return rank[sample] != Integer.MAX_VALUE;
    }

    /** Low for the most suspicious; {@link Integer#MAX_VALUE} for a sample that is not suspected. */
    int rank(int sample) {
        return rank[sample];
    }

    /** −1 for a sample that is not suspected. */
    int suggested(int sample) {
        return suggested[sample];
    }

    float score(int sample) {
        return score[sample];
    }

    float keep(int sample) {
        return keep[sample];
    }

    float loss(int sample) {
        return loss[sample];
    }

    /** Null for a sample that is not suspected, or if the file has no paths. */
    @Nullable
    String path(int sample) {
        return paths == null ? null : paths.get(sample);
    }
}
