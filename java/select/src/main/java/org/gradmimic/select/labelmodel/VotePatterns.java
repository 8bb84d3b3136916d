package org.gradmimic.select.labelmodel;

import java.io.Serializable;
import java.util.Arrays;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;

/**
 * How often each pattern of votes occurs. This is all that a {@link LabelModel} must know about the samples; it is
 * exact and does not depend on their order. A pattern holds the votes of up to 32 epochs on one sample, two bits per
 * vote, with epoch e at bit 2e: {@link #ABSTAIN}, {@link #DISCARD} or {@link #KEEP}. Not thread-safe.
 *
 * <pre>{@code
 * long pattern = 0;
 * for (int epoch = 0; epoch < epochs; epoch++) pattern = VotePatterns.with(pattern, epoch, vote(epoch));
 * patterns.add(pattern);
 * }</pre>
 */
public final class VotePatterns implements Serializable {

    /** The largest number of epochs whose votes fit in a pattern. */
    public static final int MAX_SOURCES = 32;

    /** The sample has no value in this epoch. */
    public static final int ABSTAIN = 0;

    /** The sample is not worth keeping. */
    public static final int DISCARD = 1;

    /** The sample is worth keeping. */
    public static final int KEEP = 2;

    private static final long serialVersionUID = 1L;
    private static final long KEEPS = 0xaaaa_aaaa_aaaa_aaaaL;

    private final int sources;
    /** Open addressing; a slot with a count of 0 is free. */
    private long[] patterns = new long[64];

    private long[] counts = new long[64];
    private int size;
    private long samples;

    /**
     * Starts with no samples.
     *
     * @param sources how many epochs vote
     * @throws InputException if there are more than {@link #MAX_SOURCES}
     */
    public VotePatterns(int sources) {
        if (sources > MAX_SOURCES) {
            throw new InputException(
                    "votes of " + sources + " epochs; the label model takes at most " + MAX_SOURCES + " of them");
        }
        this.sources = sources;
    }

    /**
     * {@return a pattern with one more vote}
     *
     * @param pattern in which this source abstains so far
     * @param source the epoch, from 0
     * @param vote {@link #ABSTAIN}, {@link #DISCARD} or {@link #KEEP}
     */
    public static long with(long pattern, int source, int vote) {
        return pattern | (long) vote << 2 * source;
    }

    /** {@return one source's vote in a pattern} */
    public static int vote(long pattern, int source) {
        return (int) (pattern >>> 2 * source) & 3;
    }

    /** {@return how many sources would keep the sample} */
    public static int keeps(long pattern) {
        return Long.bitCount(pattern & KEEPS);
    }

    /** {@return how many sources would discard the sample} */
    public static int discards(long pattern) {
        return Long.bitCount(pattern & ~KEEPS);
    }

    /** Counts a sample. */
    public void add(long pattern) {
        add(pattern, 1);
    }

    /** Counts {@code count} samples with the same pattern. */
    public void add(long pattern, long count) {
        if (count == 0) {
            return;
        }
        int slot = slot(pattern);
        if (counts[slot] == 0) {
            if (2 * size >= patterns.length) {
                grow();
                slot = slot(pattern);
            }
            patterns[slot] = pattern;
            size++;
        }
        counts[slot] += count;
        samples += count;
    }

    /**
     * Adds all counts of another object, which is not modified.
     *
     * @return this
     * @throws InvalidArgumentException if the other object has another number of sources
     */
    public VotePatterns merge(VotePatterns other) {
        if (other.sources != sources) {
            throw new InvalidArgumentException("patterns of " + other.sources + " sources and of " + sources);
        }
        for (int i = 0; i < other.patterns.length; i++) {
            add(other.patterns[i], other.counts[i]);
        }
        return this;
    }

    /** {@return how many sources vote} */
    public int sources() {
        return sources;
    }

    /** {@return how many samples were counted} */
    public long samples() {
        return samples;
    }

    /** {@return the patterns that occur, in ascending order as unsigned numbers} */
    public long[] patterns() {
        long[] found = new long[size];
        int n = 0;
        for (int i = 0; i < patterns.length; i++) {
            if (counts[i] != 0) {
                found[n++] = patterns[i] ^ Long.MIN_VALUE;
            }
        }
        Arrays.sort(found);
        for (int i = 0; i < n; i++) {
            found[i] ^= Long.MIN_VALUE;
        }
        return found;
    }

    /** {@return how many samples have this pattern} */
    public long count(long pattern) {
        return counts[slot(pattern)];
    }

    /** The slot of a pattern, or the free slot where it would be stored. */
    private int slot(long pattern) {
        long hash = pattern * 0x9e37_79b9_7f4a_7c15L;
        int mask = patterns.length - 1;
        int slot = (int) (hash >>> 32) & mask;
        while (counts[slot] != 0 && patterns[slot] != pattern) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        long[] oldPatterns = patterns;
        long[] oldCounts = counts;
        patterns = new long[2 * oldPatterns.length];
        counts = new long[2 * oldCounts.length];
        for (int i = 0; i < oldPatterns.length; i++) {
            if (oldCounts[i] != 0) {
                int slot = slot(oldPatterns[i]);
                patterns[slot] = oldPatterns[i];
                counts[slot] = oldCounts[i];
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof VotePatterns that
                && sources == that.sources
                && samples == that.samples
                && Arrays.equals(patterns(), that.patterns())
                && Arrays.stream(patterns()).allMatch(pattern -> count(pattern) == that.count(pattern));
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(patterns());
    }
}
