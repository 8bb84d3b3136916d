package org.gradmimic.audit;

import java.util.Locale;

/** What an audit makes of the samples that it keeps. It never moves or deletes an image. */
public enum Apply {
    /** The list {@code kept.txt}: a path a line. */
    LIST,
    /** The list, and symbolic links to the kept images in class folders. */
    LINK,
    /** The list, and copies of the kept images in class folders. */
    COPY;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
