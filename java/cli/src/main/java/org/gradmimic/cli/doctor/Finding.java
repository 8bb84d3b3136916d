package org.gradmimic.cli.doctor;

import org.jspecify.annotations.Nullable;

/**
 * The result of one check.
 *
 * @param level how serious it is
 * @param item what was checked, in a word or two
 * @param text what was found
 * @param advice what to do about it; null if there is nothing to do
 */
record Finding(
        Level level, String item, String text, @Nullable String advice) {
    enum Level {
        OK,
        /** Usable, but slower or with less than the full function. */
        WARNING,
        /** gradmimic cannot be used until it is repaired. */
        PROBLEM
    }

    static Finding ok(String item, String text) {
        return new Finding(Level.OK, item, text, null);
    }

    static Finding warning(String item, String text, String advice) {
        return new Finding(Level.WARNING, item, text, advice);
    }

    static Finding problem(String item, String text, String advice) {
        return new Finding(Level.PROBLEM, item, text, advice);
    }
}
