package org.gradmimic.spark;

import java.io.Serializable;

/**
 * How the samples are divided into blocks.
 *
 * @param epochs E, 1 or more
 * @param samples N
 * @param size number of samples per block; the last block may have fewer
 */
record BlockShape(int epochs, long samples, int size) implements Serializable {

    /** {@return blocks of about {@code cells} cells [E,S]} */
    static BlockShape of(int epochs, long samples, int cells) {
        return new BlockShape(epochs, samples, (int) Math.max(1, Math.min(samples, cells / epochs)));
    }

    /** {@return the number of blocks; one empty block if there are no samples} */
    int blocks() {
        return Math.toIntExact(Math.max(1, (samples + size - 1) / size));
    }

    /** {@return the first sample of a block} */
    long first(int block) {
        return (long) block * size;
    }

    /** {@return the number of samples in a block} */
    int samples(int block) {
        return (int) Math.min(size, samples - first(block));
    }

    /** {@return the block that contains a sample} */
    int block(long sample) {
        return (int) (sample / size);
    }

    /** {@return the position of a sample in its block, epoch by epoch} */
    int cell(long sample, int epoch) {
        return epoch * size + (int) (sample % size);
    }
}
