package org.gradmimic.select.uid;

import java.util.HexFormat;

/** A uid as text and as two longs, and the order of uids: NumPy's of {@code u8,u8}, f0 first, unsigned. */
public final class Uid {
    /** Hexadecimal digits of a uid. */
    public static final int DIGITS = 32;

    private static final HexFormat HEX = HexFormat.of();

    private Uid() {}

    /** Whether a text is a uid: exactly 32 hexadecimal digits, small or capital. */
    public static boolean isUid(CharSequence text) {
        if (text.length() != DIGITS) {
            return false;
        }
        for (int i = 0; i < DIGITS; i++) {
            if (!HexFormat.isHexDigit(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** {@return the first 16 digits of a text that {@link #isUid}} */
    public static long high(CharSequence uid) {
        return HexFormat.fromHexDigitsToLong(uid, 0, DIGITS / 2);
    }

    /** {@return the last 16 digits of a text that {@link #isUid}} */
    public static long low(CharSequence uid) {
        return HexFormat.fromHexDigitsToLong(uid, DIGITS / 2, DIGITS);
    }

    /** {@return the 32 digits, small letters} */
    public static String format(long high, long low) {
        return HEX.toHexDigits(high) + HEX.toHexDigits(low);
    }

    /** {@return less than 0, 0 or more, as the first uid is before, equal to or after the second} */
    public static int compare(long high, long low, long otherHigh, long otherLow) {
        int order = Long.compareUnsigned(high, otherHigh);
        return order != 0 ? order : Long.compareUnsigned(low, otherLow);
    }
}
