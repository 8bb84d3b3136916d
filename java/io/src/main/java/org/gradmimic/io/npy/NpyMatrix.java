package org.gradmimic.io.npy;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;

/**
 * A floating-point {@code .npy} array [E,N], stored row by row or column by column (NumPy's {@code fortran_order}),
 * read piece by piece as float32. [N] and [N,1] are read as [1,N]. Values are converted as by {@link
 * NpyFile#readFloats}. Arrays may be larger than memory. Several threads can use it.
 */
public final class NpyMatrix implements AutoCloseable {

    private static final int BUFFER = 1 << 20;

    private final NpyFile elements;
    private final long rows;
    private final long columns;
    private final boolean columnMajor;

    private NpyMatrix(NpyFile elements, long rows, long columns, boolean columnMajor) {
        this.elements = elements;
        this.rows = rows;
        this.columns = columns;
        this.columnMajor = columnMajor;
    }

    /**
     * Opens a file.
     *
     * @throws InputException if {@link NpyFile#open} would reject it for a reason other than its order, or if it does
     *     not contain a floating-point array of one or two axes
     */
    public static NpyMatrix open(Path path) {
        NpyFile.Flat flat = NpyFile.openFlat(path);
        long[] shape = flat.shape();
        String wrong = null;
        if (shape.length != 1 && shape.length != 2) {
            wrong = "has shape " + NpyHeader.describe(shape) + "; expected [E,N], [N] or [N,1]";
        } else if (!flat.file().type().isFloating()) {
            wrong = "has dtype " + flat.file().type().code() + "; expected floating-point numbers (f2, f4 or f8)";
        }
        if (wrong != null) {
            flat.file().close();
            throw InputException.in(path, wrong);
        }
        boolean vector = shape.length == 1 || shape[1] == 1;
        return vector
                ? new NpyMatrix(flat.file(), 1, shape[0], false)
                : new NpyMatrix(flat.file(), shape[0], shape[1], flat.columnMajor());
    }

    /** {@return E} */
    public long rows() {
        return rows;
    }

    /** {@return N} */
    public long columns() {
        return columns;
    }

    /**
     * Reads part of a row.
     *
     * @param row from 0
     * @param from the first column
     * @param count how many
     * @param target receives them, from its start
     * @throws InputException if a finite float64 is too large for float32
     */
    public void read(long row, long from, int count, float[] target) {
        if (row < 0 || row >= rows || from < 0 || count < 0 || from > columns - count) {
            throw new InvalidArgumentException(elements.path() + ": row " + row + ", columns " + from + " to "
                    + (from + count) + " of [" + rows + "," + columns + "]");
        }
        synchronized (this) {
            if (!columnMajor) {
                long start = row * columns + from;
                elements.readFloats(start, start + count, FloatBuffer.wrap(target));
                return;
            }
            int step = (int) Math.max(1, BUFFER / rows);
            for (int done = 0; done < count; done += step) {
                int n = Math.min(step, count - done);
                readColumns(row, from + done, n, target, done);
            }
        }
    }

    private void readColumns(long row, long from, int count, float[] target, int at) {
        float[] whole = new float[Math.toIntExact(count * rows)];
        elements.readFloats(from * rows, (from + count) * rows, FloatBuffer.wrap(whole));
        for (int i = 0; i < count; i++) {
            target[at + i] = whole[(int) (i * rows + row)];
        }
    }

    /** Closes the file. A second call does nothing. */
    @Override
    public void close() {
        elements.close();
    }
}
