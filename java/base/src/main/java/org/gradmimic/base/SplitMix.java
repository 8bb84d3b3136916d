package org.gradmimic.base;

/**
 * SplitMix64, written out so that a seed gives the same numbers on every Java: the library's own generators are free to
 * change how they draw bounded numbers from one release to the next.
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

    /** The generator of one member of a family: independent streams for every {@code stream} and {@code index}. */
    public static SplitMix of(long seed, long stream, long index) {
        return new SplitMix(mix(mix(mix(seed) + GAMMA * stream) + GAMMA * index));
    }

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
