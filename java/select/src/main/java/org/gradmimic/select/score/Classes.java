package org.gradmimic.select.score;

import java.nio.file.Path;
import java.util.Arrays;
import org.gradmimic.base.InputException;

/** The class of every sample. Several threads can read it at once, block by block. */
public interface Classes extends AutoCloseable {

    /** {@return C: classes are 0 to C − 1} */
    int count();

    /** {@return N} */
    long samples();

    /** Reads the classes of some samples into {@code target}, from its start. */
    void read(long from, int count, int[] target);

    /** Closes the file. */
    @Override
    default void close() {}

    /** {@return one class for all of {@code samples}} */
    static Classes one(long samples) {
        return new Classes() {
            @Override
            public int count() {
                return 1;
            }

            @Override
            public long samples() {
                return samples;
            }

            @Override
            public void read(long from, int count, int[] target) {
                Arrays.fill(target, 0, count, 0);
            }
        };
    }

    /**
     * Opens a label file.
     *
     * @param file {@code .npy}, integers [N], 0 or more
     * @throws InputException if the file is something else, or there are too many classes; names the sample
     */
    static Classes npy(Path file) {
        return NpyClasses.open(file);
    }
}
