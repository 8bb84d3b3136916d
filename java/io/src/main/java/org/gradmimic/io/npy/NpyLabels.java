package org.gradmimic.io.npy;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import org.gradmimic.base.InputException;

/**
 * The class labels of samples in a {@code .npy} file, one for each: integers [N] or [N,1] of any type, or one-hot rows [N,C]
 * of any type, whose label is the position of the 1. They are read block by block. Not thread-safe.
 *
 * <p>Numbers are classes as they are: if the lowest is 1, class 0 has no samples; see {@link #note}. Text is rejected,
 * because the numbers of two files would not have to agree.
 */
public final class NpyLabels implements AutoCloseable {
    /** The number of elements of one-hot rows in memory. */
    private static final int BLOCK = 1 << 16;

    private final NpyFile file;
    private final long classes;

    private NpyLabels(NpyFile file, long classes) {
        this.file = file;
        this.classes = classes;
    }

    /**
     * Opens a file.
     *
     * @throws InputException if {@link NpyFile#open} rejects it, or it has another shape or type
     */
    public static NpyLabels open(Path path) {
        NpyFile file = NpyFile.open(path);
        try {
            long[] shape = file.shape();
            boolean oneHot = shape.length == 2 && shape[1] > 1;
            if (shape.length != 1 && !(shape.length == 2 && shape[1] >= 1)) {
                throw InputException.in(
                        path,
                        "has shape " + NpyHeader.describe(shape) + "; expected labels [N], [N,1] or one-hot [N,C]");
            }
            boolean numbers = file.type().isInteger() || oneHot && file.type() != NpyType.UINT64_PAIR;
            if (!numbers) {
                throw InputException.in(
                        path,
                        "has dtype " + file.type().code()
                                + "; expected integers (i1 to i8, u1 to u8), or one-hot rows");
            }
            return new NpyLabels(file, oneHot ? shape[1] : 0);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Reads all labels of a file.
     *
     * @throws InputException as {@link #open} and {@link #read}, and if there are too many for an array
     */
    public static long[] readAll(Path path) {
        try (NpyLabels labels = open(path)) {
            return labels.readAll();
        }
    }

    /**
     * Reads all labels.
     *
     * @throws InputException as {@link #read}, and if there are too many for an array
     */
    public long[] readAll() {
        if (samples() > Integer.MAX_VALUE - 8) {
            throw InputException.in(path(), "has " + samples() + " labels, more than fit into one array");
        }
        long[] all = new long[(int) samples()];
        read(0, all.length, LongBuffer.wrap(all));
        return all;
    }

    /** The file's path as it was given. */
    public Path path() {
        return file.path();
    }

    /** N. */
    public long samples() {
        return file.rows();
    }

    /**
     * Requires a number of labels.
     *
     * @return this
     * @throws InputException if there is another number
     */
    public NpyLabels requireSamples(long expected) {
        if (samples() != expected) {
            throw InputException.in(
                    path(),
                    "has shape " + NpyHeader.describe(file.shape()) + "; expected "
                            + NpyHeader.describe(new long[] {expected}));
        }
        return this;
    }

    /**
     * Reads some labels.
     *
     * @param from first sample, inclusive
     * @param to last sample, exclusive
     * @param target receives {@code to − from} labels at its position
     * @throws InputException if a row is not one-hot, or a label exceeds 2⁶³−1; names the sample
     */
    public void read(long from, long to, LongBuffer target) {
        if (classes == 0) {
            file.readLongs(from, to, target);
            return;
        }
        int width = Math.toIntExact(classes);
        int step = Math.max(1, BLOCK / width);
        float[] rows = new float[(int) Math.min(step, Math.max(1, to - from)) * width];
        for (long at = from; at < to; at += step) {
            int count = (int) Math.min(step, to - at);
            elements(at, at + count, rows);
            for (int row = 0; row < count; row++) target.put(position(rows, row * width, width, at + row));
        }
    }

    private void elements(long from, long to, float[] target) {
        if (file.type().isFloating()) {
            file.readFloats(from, to, FloatBuffer.wrap(target));
            return;
        }
        int count = Math.toIntExact((to - from) * classes);
        if (file.type() == NpyType.BOOL) {
            ByteBuffer bytes = ByteBuffer.allocate(count);
            file.read(from, to, bytes);
            for (int i = 0; i < count; i++) target[i] = bytes.get(i) == 0 ? 0 : 1;
        } else {
            LongBuffer values = LongBuffer.allocate(count);
            file.readLongs(from, to, values);
            for (int i = 0; i < count; i++) target[i] = values.get(i);
        }
    }

    private long position(float[] rows, int from, int width, long sample) {
        int at = -1;
        for (int i = 0; i < width; i++) {
            float value = rows[from + i];
            if (value == 0) continue;
            if (value != 1 || at >= 0) throw notOneHot(sample, value == 1 ? "has two 1s" : "has a " + value);
            at = i;
        }
        if (at < 0) throw notOneHot(sample, "has no 1");
        return at;
    }

    private InputException notOneHot(long sample, String what) {
        return InputException.in(
                path(),
                "has shape " + NpyHeader.describe(file.shape()) + ", but row " + sample + " " + what
                        + "; expected labels [N] or [N,1], or rows with one 1 and otherwise 0");
    }

    /**
     * What a user should know of labels that are numbered from 1; empty if they are not.
     *
     * @param lowest the lowest label
     * @param highest the highest label
     */
    public static String note(long lowest, long highest) {
        return lowest == 1
                ? "the labels are 1 to " + highest + ", so class 0 has no samples; if the first class is 1, subtract 1"
                : "";
    }

    /** Closes the file. A second call does nothing. */
    @Override
    public void close() {
        file.close();
    }
}
