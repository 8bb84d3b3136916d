package org.gradmimic.select.vote;

/**
 * Maps finite floats to 32-bit unsigned integers in the same order; −0 and +0 have the same key. The high 16 bits are
 * the <em>bin</em> of a value, 0 to 65,535. The low 16 bits are its <em>offset</em> in the bin. All values of a bin
 * have the same sign and exponent. Within a bin a value is therefore exactly {@code first(bin) + unit(bin) · offset},
 * and integer sums over offsets are exact sums over values.
 */
final class FloatKey {

    static final int OFFSETS = 1 << 16;

    private FloatKey() {}

    /** The key. Compare keys with {@link Integer#compareUnsigned}. */
    static int of(float value) {
        int bits = Float.floatToRawIntBits(value + 0.0f); // −0 + 0 = +0
        return bits ^ (bits >> 31 | 0x8000_0000);
    }

    /** The value of a key. */
    static float value(int key) {
        return Float.intBitsToFloat(key < 0 ? key ^ 0x8000_0000 : ~key);
    }

    static int bin(int key) {
        return key >>> 16;
    }

    static int offset(int key) {
        return key & 0xffff;
    }

    static float value(int bin, int offset) {
        return value(bin << 16 | offset);
    }

    /** The lowest value of a bin. */
    static double first(int bin) {
        return value(bin, 0);
    }

    /** The highest value of a bin. */
    static double last(int bin) {
        return value(bin, OFFSETS - 1);
    }

    /** The distance between neighbouring values in a bin, a power of two. */
    static double unit(int bin) {
        return (last(bin) - first(bin)) / (OFFSETS - 1);
    }
}
