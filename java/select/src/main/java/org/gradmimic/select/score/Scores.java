package org.gradmimic.select.score;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.npy.NpyMatrix;

/**
 * One value for every epoch and sample, [E,N]: scores or weights; NaN where a sample was not seen. Several threads can
 * read it at once, block by block, any number of times.
 */
public interface Scores extends AutoCloseable {

    /** {@return E} */
    int epochs();

    /** {@return N} */
    long samples();

    /**
     * Reads the values of some samples in an epoch.
     *
     * @param epoch from 0
     * @param from the first sample
     * @param count how many
     * @param target receives them, from its start
     * @throws InputException if they cannot be read
     */
    void read(int epoch, long from, int count, float[] target);

    /**
     * {@return the mean of each sample over the epochs in which it was seen, as one epoch; NaN for samples that were
     * never seen} The means are summed in double in the order of the epochs, and recomputed whenever they are read.
     * Reading throws an {@link InputException} that names epoch and sample if a value is infinite.
     */
    default Scores mean() {
        return new MeanScores(this);
    }

    /**
     * Rejects an infinite value, because it would dominate every mean and every cluster.
     *
     * @throws InputException if {@code value} is infinite; names epoch and sample
     */
    static void requireFinite(float value, int epoch, long sample) {
        if (Float.isInfinite(value)) {
            throw new InputException("epoch " + epoch + ", sample " + sample + ": the value is " + value
                    + ", expected a finite value, or NaN for a sample that was not seen");
        }
    }

    /** Closes the files. Nothing may be read afterwards. */
    @Override
    default void close() {}

    /**
     * {@return the values of an array}
     *
     * @param values [E,N]
     * @throws InvalidArgumentException if the epochs have different numbers of samples
     */
    static Scores of(float[][] values) {
        for (int epoch = 1; epoch < values.length; epoch++) {
            if (values[epoch].length != values[0].length) {
                throw new InvalidArgumentException("epoch " + epoch + " has " + values[epoch].length
                        + " samples, epoch 0 has " + values[0].length);
            }
        }
        return new Scores() {
            @Override
            public int epochs() {
                return values.length;
            }

            @Override
            public long samples() {
                return values.length == 0 ? 0 : values[0].length;
            }

            @Override
            public void read(int epoch, long from, int count, float[] target) {
                System.arraycopy(values[epoch], (int) from, target, 0, count);
            }
        };
    }

    /**
     * Opens a {@code .npy} file.
     *
     * @param file [E,N], [N] or [N,1], floating-point, rows or columns first
     * @throws InputException if the file is something else
     */
    static Scores npy(Path file) {
        NpyMatrix matrix = NpyMatrix.open(file);
        if (matrix.rows() > Integer.MAX_VALUE) {
            matrix.close();
            throw InputException.in(file, "has " + matrix.rows() + " epochs; is it [N,E]? Expected [E,N]");
        }
        return new Scores() {
            @Override
            public int epochs() {
                return (int) matrix.rows();
            }

            @Override
            public long samples() {
                return matrix.columns();
            }

            @Override
            public void read(int epoch, long from, int count, float[] target) {
                matrix.read(epoch, from, count, target);
            }

            @Override
            public void close() {
                matrix.close();
            }
        };
    }
}
