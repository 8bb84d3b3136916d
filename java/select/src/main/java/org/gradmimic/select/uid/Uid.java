package org.gradmimic.select.uid;

import java.util.HexFormat;

/** A uid as text and as two longs, and the order of uids: NumPy's order of {@code u8,u8}, by f0 first, unsigned. */
public final class Uid {
    /** The number of hexadecimal digits of a uid. */
    public static final int DIGITS = 32;

    private static final HexFormat HEX = HexFormat.of();

    /** By character; −1 for a character that is not a digit. */
    private static final byte[] VALUES = new byte['f' + 1];

    static {
        for (char c = 0; c < VALUES.length; c++) {
            VALUES[c] = (byte) Character.digit(c, 16);
        }
    }

    private Uid() {}

    /** Whether a text is a uid: exactly 32 hexadecimal digits, in lower or upper case. */
    public static boolean isUid(String text) {
        if (text.length() != DIGITS) {
            return false;
        }
        int all = 0;
        for (int i = 0; i < DIGITS; i++) {
            all |= value(text.charAt(i));
        }
        return all >= 0;
    }

    /** {@return the first 16 digits of a text that {@link #isUid}} */
    public static long high(String uid) {
        return half(uid, 0);
    }

    /** {@return the last 16 digits of a text that {@link #isUid}} */
    public static long low(String uid) {
        return half(uid, DIGITS / 2);
    }

    private static long half(String uid, int from) {
        long half = 0;
        for (int i = from; i < from + DIGITS / 2; i++) {
            half = half << 4 | value(uid.charAt(i));
        }
        return half;
    }

    /**
     * The value of a digit, negative for another character. Pools have millions of uids, and HexFormat takes several
     * times as long.
     */
    private static int value(char digit) {
        return digit < VALUES.length ? VALUES[digit] : -1;
    }

    /** {@return the 32 digits in lower case} */
    public static String format(long high, long low) {
        return HEX.toHexDigits(high) + HEX.toHexDigits(low);
    }

    /** {@return a negative number, 0 or a positive number if the first uid is before, equal to or after the second} */
    public static int compare(long high, long low, long otherHigh, long otherLow) {
        int order = Long.compareUnsigned(high, otherHigh);
        return order != 0 ? order : Long.compareUnsigned(low, otherLow);
    }
}
