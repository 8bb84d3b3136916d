package org.gradmimic.cli.filter;

import java.util.Locale;

/** How {@code gradmimic filter} splits an epoch. */
public enum Rule {
    THRESHOLD,
    KMEANS,
    GMM,
    TOP,
    BOTTOM;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
