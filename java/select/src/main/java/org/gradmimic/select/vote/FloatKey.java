package org.gradmimic.select.vote;

/**
 * Finite floats as 32-bit integers in the same order: unsigned, −0 and +0 the same key. The high 16 bits are a value's
 * <em>bin</em>, 0 to 65,535; the low 16 bits its <em>offset</em> in the bin. All values of a bin share sign and exponent,
 * so that within it a value is {@code first(bin) + unit(bin) · offset} exactly: integer sums over offsets are exact sums
 * over values.
 */
final class FloatKey {

    static final int OFFSETS = 1 << 16;

    private FloatKey() {}

    /** The key; compare with {@link Integer#compareUnsigned}. */
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

    /** The distance of neighbouring values in a bin, a power of two. */
    static double unit(int bin) {
        return (last(bin) - first(bin)) / (OFFSETS - 1);
    }
}
