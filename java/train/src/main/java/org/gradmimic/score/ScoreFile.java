package org.gradmimic.score;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyWriter;

/** What scoring writes: a number a sample, {@code .npy} (float32 [N]) or {@code .parquet} (sample_id, score). */
public final class ScoreFile {
    private ScoreFile() {}

    /**
     * Refuses a name that can't be written, before anything is computed.
     *
     * @throws InputException for another ending, and a folder that is missing or can't be written to
     */
    public static void check(Path out) {
        if (!isParquet(out) && !name(out).endsWith(".npy")) {
            throw InputException.in(out, "the output is .npy or .parquet, by its ending");
        }
        // A folder that is missing or cannot be written to is found out here, not after hours.
        AtomicFile.create(out).close();
    }

    /**
     * Refuses what is not {@code .npy}, which alone holds several scores a sample.
     *
     * @throws InputException that names it
     */
    public static void checkSeveral(Path out) {
        if (isParquet(out)) {
            throw InputException.in(
                    out, "scores toward several references are [K,N] in .npy; combine them for" + " .parquet");
        }
    }

    /** Writes [K,N], a row for each reference, as {@code .npy}. */
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
