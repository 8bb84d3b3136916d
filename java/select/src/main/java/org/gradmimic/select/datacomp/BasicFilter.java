package org.gradmimic.select.datacomp;

import org.jspecify.annotations.Nullable;

/** The requirements of DataComp's basic filter, except that on language. */
final class BasicFilter {
    private static final int MIN_WORDS = 3;
    private static final int MIN_CHARACTERS = 6;
    private static final double MIN_SIDE = 200;
    private static final double MAX_RATIO = 3;

    private BasicFilter() {}

    /** Whether an image is large enough and not too elongated; false for NaN. */
    static boolean keepsSize(double width, double height) {
        double small = Math.min(width, height);
        return small >= MIN_SIDE && Math.max(width, height) / small <= MAX_RATIO;
    }

    /** Whether a caption has enough words and characters. */
    static boolean keepsCaption(@Nullable String caption) {
        return caption != null
                && caption.codePointCount(0, caption.length()) >= MIN_CHARACTERS
                && words(caption) >= MIN_WORDS;
    }

    /** Words as Python's {@code str.split()} finds them. */
    static int words(String text) {
        int words = 0;
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            boolean space = isPythonSpace(text.charAt(i));
            if (!space && !inWord) {
                words++;
            }
            inWord = !space;
        }
        return words;
    }

    /** Python's {@code str.isspace()}. Java's {@code isWhitespace} excludes U+0085 and the no-break spaces. */
    private static boolean isPythonSpace(char c) {
        return Character.isWhitespace(c) || c == '\u0085' || c == '\u00a0' || c == '\u2007' || c == '\u202f';
    }
}
