package org.gradmimic.select.filter;

import java.util.Arrays;
import java.util.function.LongConsumer;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;

/**
 * Which of N samples are kept: an immutable mask with one bit per sample, for any N that fits in memory.
 *
 * <p>Sample i is the i-th sample of the data set. Filters over the same N can be combined: {@link #and}, {@link #or},
 * {@link #minus}, {@link #not}.
 */
public final class Filter {
    /** The limit of Java's arrays. */
    private static final long MAX_SAMPLES = (Integer.MAX_VALUE - 8L) * Long.SIZE;

    /** Bit i % 64 of word i / 64 is sample i. Bits from {@code samples} on are 0. */
    private final long[] words;

    private final long samples;
    private final long kept;

    private Filter(long[] words, long samples) {
        this.words = words;
        this.samples = samples;
        this.kept = Arrays.stream(words).map(Long::bitCount).sum();
    }

    /** {@return a filter that keeps none of {@code samples} samples} */
    public static Filter none(long samples) {
        return builder(samples).build();
    }

    /** {@return a filter that keeps all of {@code samples} samples} */
    public static Filter all(long samples) {
        return none(samples).not();
    }

    /**
     * @param keep [N] true = keep
     * @return the filter
     */
    public static Filter of(boolean[] keep) {
        Builder builder = builder(keep.length);
        for (int i = 0; i < keep.length; i++) {
            if (keep[i]) {
                builder.set(i, true);
            }
        }
        return builder.build();
    }

    /**
     * Starts a filter that keeps no sample yet.
     *
     * @param samples N, 0 or more; {@link Builder#add} appends to it
     * @return the builder
     */
    public static Builder builder(long samples) {
        return new Builder(samples);
    }

    /** {@return N} */
    public long samples() {
        return samples;
    }

    /** {@return how many samples are kept} */
    public long kept() {
        return kept;
    }

    /**
     * {@return the share of all samples that is kept, 0 if there are no samples; an estimate of the quality of the data
     * set}
     */
    public double keptShare() {
        return samples == 0 ? 0 : (double) kept / samples;
    }

    /**
     * @param sample from 0
     * @return whether the sample is kept
     * @throws IndexOutOfBoundsException if there is no such sample
     */
    public boolean keeps(long sample) {
        checkIndex(sample, samples);
        return (words[(int) (sample >>> 6)] >>> sample & 1) != 0;
    }

    /** Calls {@code action} with every kept sample, in ascending order. */
    public void forEachKept(LongConsumer action) {
        for (int i = 0; i < words.length; i++) {
            for (long rest = words[i]; rest != 0; rest &= rest - 1) {
                action.accept(((long) i << 6) + Long.numberOfTrailingZeros(rest));
            }
        }
    }

    /**
     * @return [N] true = keep
     * @throws InvalidStateException if N is more than an array can hold
     */
    public boolean[] toBooleans() {
        if (samples > Integer.MAX_VALUE - 8) {
            throw new InvalidStateException(samples + " samples are more than an array can hold");
        }
        boolean[] keep = new boolean[(int) samples];
        forEachKept(sample -> keep[(int) sample] = true);
        return keep;
    }

    /** {@return the samples that both filters keep} */
    public Filter and(Filter other) {
        return combine(other, (a, b) -> a & b);
    }

    /** {@return the samples that at least one of the filters keeps} */
    public Filter or(Filter other) {
        return combine(other, (a, b) -> a | b);
    }

    /** {@return the samples that this filter keeps and the other does not} */
    public Filter minus(Filter other) {
        return combine(other, (a, b) -> a & ~b);
    }

    /** {@return the samples that this filter discards} */
    public Filter not() {
        long[] result = new long[words.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = ~words[i];
        }
        if ((samples & 63) != 0) {
            result[result.length - 1] &= (1L << samples) - 1;
        }
        return new Filter(result, samples);
    }

    /** Counts the samples that both filters keep, without creating a third filter. */
    public long keptByBoth(Filter other) {
        requireSameSize(other);
        long both = 0;
        for (int i = 0; i < words.length; i++) {
            both += Long.bitCount(words[i] & other.words[i]);
        }
        return both;
    }

    /** Whether the other filter covers the same samples and keeps the same ones. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Filter filter && samples == filter.samples && Arrays.equals(words, filter.words);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(samples) + Arrays.hashCode(words);
    }

    @Override
    public String toString() {
        return "Filter[" + kept + " of " + samples + " kept]";
    }

    private interface WordOperation {
        long apply(long a, long b);
    }

    private Filter combine(Filter other, WordOperation operation) {
        requireSameSize(other);
        long[] result = new long[words.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = operation.apply(words[i], other.words[i]);
        }
        return new Filter(result, samples);
    }

    private void requireSameSize(Filter other) {
        if (samples != other.samples) {
            throw new InvalidArgumentException(
                    "a filter over " + samples + " samples and one over " + other.samples + " do not go together");
        }
    }

    private static void checkIndex(long sample, long samples) {
        if (sample < 0 || sample >= samples) {
            throw new InvalidArgumentException("sample " + sample + " of " + samples);
        }
    }

    private static int wordsFor(long samples) {
        if (samples < 0 || samples > MAX_SAMPLES) {
            throw new InvalidArgumentException("a filter over " + samples + " samples: expected 0 to " + MAX_SAMPLES);
        }
        return (int) (samples + 63 >>> 6);
    }

    /** Builds a filter from decisions in any order of samples. Not thread-safe. */
    public static final class Builder {
        private long[] words;
        private long samples;

        private Builder(long samples) {
            this.words = new long[wordsFor(samples)];
            this.samples = samples;
        }

        /**
         * Sets the decision for one sample. A later decision replaces an earlier one.
         *
         * @param sample from 0
         * @param keep whether to keep it
         * @return this
         * @throws IndexOutOfBoundsException if there is no such sample
         */
        public Builder set(long sample, boolean keep) {
            checkIndex(sample, samples);
            long bit = 1L << sample;
            if (keep) {
                words[(int) (sample >>> 6)] |= bit;
            } else {
                words[(int) (sample >>> 6)] &= ~bit;
            }
            return this;
        }

        /**
         * Appends one sample after the last, for callers that do not know N in advance.
         *
         * @return this
         */
        public Builder add(boolean keep) {
            int needed = wordsFor(samples + 1);
            if (needed > words.length) {
                words = Arrays.copyOf(
                        words, (int) Math.max(needed, Math.min(2L * words.length, wordsFor(MAX_SAMPLES))));
            }
            samples++;
            return set(samples - 1, keep);
        }

        /**
         * @param sample from 0
         * @return whether the sample is kept by the decisions so far
         * @throws IndexOutOfBoundsException if there is no such sample
         */
        public boolean keeps(long sample) {
            checkIndex(sample, samples);
            return (words[(int) (sample >>> 6)] >>> sample & 1) != 0;
        }

        /** {@return N so far} */
        public long samples() {
            return samples;
        }

        /** {@return the filter as it is now; the builder can still be used} */
        public Filter build() {
            return new Filter(Arrays.copyOf(words, wordsFor(samples)), samples);
        }
    }
}
