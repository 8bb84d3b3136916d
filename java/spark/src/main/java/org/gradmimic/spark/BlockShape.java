package org.gradmimic.spark;

import java.io.Serializable;

/**
 * How the samples are cut into blocks.
 *
 * @param epochs E, 1 or more
 * @param samples N
 * @param size how many samples a block has; the last one may have fewer
 */
record BlockShape(int epochs, long samples, int size) implements Serializable {

    /** {@return blocks of about {@code cells} cells [E,S]} */
    static BlockShape of(int epochs, long samples, int cells) {
        return new BlockShape(epochs, samples, (int) Math.max(1, Math.min(samples, cells / epochs)));
    }

    /** {@return how many blocks there are; one of no samples if there are none} */
    int blocks() {
        return Math.toIntExact(Math.max(1, (samples + size - 1) / size));
    }

    /** {@return the number of the first sample of a block} */
    long first(int block) {
        return (long) block * size;
    }

    /** {@return how many samples a block has} */
    int samples(int block) {
        return (int) Math.min(size, samples - first(block));
    }

    /** {@return the block that a sample is in} */
    int block(long sample) {
        return (int) (sample / size);
    }

    /** {@return a sample's place in its block, epoch by epoch} */
    int cell(long sample, int epoch) {
        return epoch * size + (int) (sample % size);
    }
}
