package org.gradmimic.select.score;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.npy.NpyMatrix;

/**
 * A number for every epoch and sample [E,N]: scores, or weights; NaN where a sample was not seen. Read block by block, by
 * several threads at once, any number of times.
 */
public interface Scores extends AutoCloseable {

    /** {@return E} */
    int epochs();

    /** {@return N} */
    long samples();

    /**
     * Reads some samples' values in an epoch.
     *
     * @param epoch from 0
     * @param from the first sample
     * @param count how many
     * @param target gets them, from its start
     * @throws InputException if they cannot be read
     */
    void read(int epoch, long from, int count, float[] target);

    /**
     * {@return the samples' means over the epochs in which they were seen, as one epoch; NaN for samples never seen}
     * Summed in double in the epochs' order, anew whenever they are read. Reading one throws an {@link InputException} that
     * names epoch and sample if a value is infinite.
     */
    default Scores mean() {
        return new MeanScores(this);
    }

    /**
     * Rejects an infinite value. An infinity would move every mean and every cluster to itself.
     *
     * @throws InputException if {@code value} is infinite; names epoch and sample
     */
    static void requireFinite(float value, int epoch, long sample) {
        if (Float.isInfinite(value)) {
            throw new InputException("epoch " + epoch + ", sample " + sample + ": the value is " + value
                    + ", expected a finite one, or NaN for not seen");
        }
    }

    /** Lets go of files; nothing may be read any more. */
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
     * @throws InputException if it is something else
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
