package org.gradmimic.select.filter;

import org.gradmimic.select.sample.Draws;

/** The numbers of drawn samples, ascending, each as often as it was drawn. */
final class DrawnNumbers {
    private final Draws.Cursor counts;
    private long sample = -1;
    private long left;

    DrawnNumbers(Draws draws) {
        counts = draws.cursor();
    }

    /** The next number; there must be one. */
    long next() {
        while (left == 0) {
            left = counts.next();
            sample++;
        }
        left--;
        return sample;
    }
}
