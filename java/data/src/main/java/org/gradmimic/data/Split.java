package org.gradmimic.data;

import java.util.Locale;

/** A part of a data set. */
public enum Split {
    /** The samples meant for training; all samples of a data set that has no division. */
    TRAIN,
    /** The samples meant for measuring accuracy. */
    TEST;

    /** The name in lower case, as folders and messages have it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
