package org.gradmimic.data;

import java.util.Locale;

/** A part of a data set. */
public enum Split {
    /** The samples for training; all samples of a data set that is not divided. */
    TRAIN,
    /** The samples for choosing settings; the folders {@code val}, {@code valid} and {@code validation}. */
    VALIDATION,
    /** The samples for measuring accuracy. */
    TEST;

    /** The name in lower case, as in folders and messages. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
