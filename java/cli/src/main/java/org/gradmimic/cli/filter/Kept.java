package org.gradmimic.cli.filter;

import java.util.Locale;
import org.gradmimic.select.filter.Filter;

/** Describes in words what a filter keeps. */
final class Kept {
    private Kept() {}

    /** @param whole whether the samples of the filter are all there are */
    static String of(Filter filter, boolean whole) {
        return whole
                ? String.format(
                        Locale.ROOT,
                        "%d of %d samples kept (%.2f %%)",
                        filter.kept(),
                        filter.samples(),
                        100 * filter.keptShare())
                : filter.kept() + " samples kept";
    }
}
