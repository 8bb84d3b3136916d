package org.gradmimic.cli.filter;

import java.util.Locale;
import org.gradmimic.select.Filter;

/** What a filter keeps, in words. */
final class Kept {
    private Kept() {}

    /**
     * @param whole whether the filter's samples are all there are
     */
    static String of(Filter filter, boolean whole) {
        String kept = filter.kept() + (filter.kept() == 1 ? " sample kept" : " samples kept");
        return whole ? kept + " of " + filter.samples() + " (" + percent(filter.keptShare()) + ")" : kept;
    }

    static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }
}
