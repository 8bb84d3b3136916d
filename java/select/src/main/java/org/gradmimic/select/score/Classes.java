package org.gradmimic.select.score;

import java.nio.file.Path;
import java.util.Arrays;
import org.gradmimic.base.InputException;

/** The class of every sample, read block by block, by several threads at once. */
public interface Classes extends AutoCloseable {

    /** {@return C: classes are 0 to C − 1} */
    int count();

    /** {@return N} */
    long samples();

    /** Reads some samples' classes; {@code target} gets them from its start. */
    void read(long from, int count, int[] target);

    /** Lets go of the file. */
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
     * @throws InputException if it is something else, or there are too many classes; names the sample
     */
    static Classes npy(Path file) {
        return NpyClasses.open(file);
    }
}
