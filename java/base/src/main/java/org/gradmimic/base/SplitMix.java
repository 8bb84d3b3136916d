package org.gradmimic.base;

/**
 * SplitMix64, the only random generator in gradmimic's own code. LibTorch's generator, seeded with the same seed,
 * initialises the weights of networks and nothing else.
 *
 * <p>Contract: a seed gives the same numbers on every Java, on every machine and in every version. The JDK's generators
 * do not promise this for bounded numbers, so this class implements the algorithm itself, and its tests contain numbers
 * that must not change.
 *
 * <p>There are two ways to draw a bounded number, because published results depend on both. {@link #nextInt} draws
 * images and label noise. {@link #nextIndex} draws orders of samples and the augmentation of training images; it gives
 * the same numbers as {@code java.util.SplittableRandom.nextInt(bound)} on JDK 17. New code uses {@link #nextInt} and
 * {@link #permutation}.
 *
 * @see <a href="https://doi.org/10.1145/2660193.2660195">Steele, Lea, Flood: Fast splittable pseudorandom number
 *     generators, OOPSLA 2014</a>
 */
public final class SplitMix {
    private static final long GAMMA = 0x9e37_79b9_7f4a_7c15L;

    private long state;

    public SplitMix(long seed) {
        state = seed;
    }

    /** The generator of one member of a family; every {@code stream} and {@code index} gives an independent stream. */
    public static SplitMix of(long seed, long stream, long index) {
        return new SplitMix(mix(mix(mix(seed) + GAMMA * stream) + GAMMA * index));
    }

    /** {@return the next 64 bits} */
    public long nextLong() {
        state += GAMMA;
        return mix(state);
    }

    /** Uniform in [0, bound), without bias (Lemire's multiplication with rejection). */
    public int nextInt(int bound) {
        long product = (nextLong() >>> 32) * bound;
        long low = product & 0xffff_ffffL;
        if (low < bound) {
            long threshold = (0x1_0000_0000L - bound) % bound;
            while (low < threshold) {
                product = (nextLong() >>> 32) * bound;
                low = product & 0xffff_ffffL;
            }
        }
        return (int) (product >>> 32);
    }

    /** Uniform in [0, bound), without bias (the remainder of 31 bits, with rejection). */
    public int nextIndex(int bound) {
        int bits = nextBits();
        int last = bound - 1;
        if ((bound & last) == 0) {
            return bits & last;
        }
        int positive = bits >>> 1;
        int index = positive % bound;
        while (positive + last - index < 0) {
            positive = nextBits() >>> 1;
            index = positive % bound;
        }
        return index;
    }

    /** True with probability one half. */
    public boolean nextBoolean() {
        return nextBits() < 0;
    }

    /** Shuffles numbers (Fisher and Yates). */
    public void shuffle(int[] numbers) {
        for (int i = numbers.length - 1; i > 0; i--) {
            int j = nextIndex(i + 1);
            int swapped = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = swapped;
        }
    }

    /** The numbers 0 to {@code count} − 1 in random order (Fisher and Yates). */
    public long[] permutation(int count) {
        long[] numbers = new long[count];
        for (int i = 0; i < count; i++) numbers[i] = i;
        for (int i = count - 1; i > 0; i--) {
            int j = nextIndex(i + 1);
            long swapped = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = swapped;
        }
        return numbers;
    }

    /** 32 bits, mixed as in the JDK's generator. */
    private int nextBits() {
        state += GAMMA;
        long a = (state ^ state >>> 33) * 0x62a9_d9ed_7997_05f5L;
        return (int) ((a ^ a >>> 28) * 0xcb24_d0a5_c88c_35b3L >>> 32);
    }

    /** Uniform in [0, 1). */
    double nextDouble() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /** Uniform in [from, to). */
    public double uniform(double from, double to) {
        return from + (to - from) * nextDouble();
    }

    private static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xbf58_476d_1ce4_e5b9L;
        long b = (a ^ a >>> 27) * 0x94d0_49bb_1331_11ebL;
        return b ^ b >>> 31;
    }
}
