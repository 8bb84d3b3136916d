package org.gradmimic.cli.filter;

import java.util.Locale;

/** Which numbers {@code gradmimic filter} filters by. */
public enum Use {
    SCORES,
    WEIGHTS;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
