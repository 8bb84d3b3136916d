package org.gradmimic.score;

import java.nio.FloatBuffer;
import org.gradmimic.io.npy.NpyWriter;

/** Numbers of samples, in a file or on the heap, written and read in blocks. */
interface FloatColumn {
    /**
     * Writes {@code count} values, beginning at {@code offset} of {@code values}, to the positions from {@code at} on.
     */
    void put(long at, float[] values, int offset, int count);

    /** Reads {@code count} numbers, beginning at position {@code at}, into the start of {@code values}. */
    void get(long at, float[] values, int count);

    /** A column in a file. */
    static FloatColumn of(NpyWriter file) {
        return new FloatColumn() {
            @Override
            public void put(long at, float[] values, int offset, int count) {
                file.put(at, FloatBuffer.wrap(values, offset, count));
            }

            @Override
            public void get(long at, float[] values, int count) {
                file.get(at, FloatBuffer.wrap(values, 0, count));
            }
        };
    }

    /** A column on the heap. */
    static FloatColumn of(float[] all) {
        return new FloatColumn() {
            @Override
            public void put(long at, float[] values, int offset, int count) {
                System.arraycopy(values, offset, all, (int) at, count);
            }

            @Override
            public void get(long at, float[] values, int count) {
                System.arraycopy(all, (int) at, values, 0, count);
            }
        };
    }
}
