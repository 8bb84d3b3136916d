package org.gradmimic.score;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyWriter;

/**
 * The output files of scoring: one number per sample, in {@code .npy} (float32 [N]) or {@code .parquet} (sample_id,
 * score).
 */
public final class ScoreFile {
    private ScoreFile() {}

    /**
     * Rejects an output file that cannot be written, before anything is computed.
     *
     * @throws InputException if the extension is another one, or the folder is missing or cannot be written to
     */
    public static void check(Path out) {
        if (!isParquet(out) && !name(out).endsWith(".npy")) {
            throw InputException.in(out, "the output must end in .npy or .parquet");
        }
        // A folder that is missing or cannot be written to must be an error now, not after hours of scoring.
        AtomicFile.create(out).close();
    }

    /**
     * Rejects any format other than {@code .npy}, the only one that holds several scores per sample.
     *
     * @throws InputException that names the file
     */
    public static void checkSeveral(Path out) {
        if (isParquet(out)) {
            throw InputException.in(
                    out, "scores toward several references are [K,N] in .npy; combine them for .parquet");
        }
    }

    /** Writes [K,N], one row per reference, as {@code .npy}. */
    public static void write(Path out, float[] values, int rows) {
        NpyWriter.write(out, values, rows, values.length / rows);
    }

    static boolean isParquet(Path out) {
        return name(out).endsWith(".parquet");
    }

    static String name(Path path) {
        Path name = path.getFileName();
        return name == null ? "" : name.toString();
    }

    /** Writes a file, whole or not at all. */
    public static void write(Path out, float[] values) {
        if (!isParquet(out)) {
            NpyWriter.write(out, values, values.length);
            return;
        }
        long[] ids = new long[values.length];
        for (int i = 0; i < ids.length; i++) ids[i] = i;
        new ParquetColumns().longs("sample_id", ids).floats("score", values).write(out);
    }
}
