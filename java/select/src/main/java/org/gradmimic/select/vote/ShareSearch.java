package org.gradmimic.select.vote;

/**
 * Finds the value at which a share ends. The counts of the bins give the bin, and a count of the values of that bin
 * gives the value.
 */
final class ShareSearch extends RefiningSearch {

    private final boolean top;
    private final int bin;
    /**
     * The rank of the last value kept, counted from 1 within the bin: from the upper end (top) or from the lower end.
     */
    private final long rank;

    ShareSearch(ValueStatistics statistics, long kept, boolean top) {
        this.top = top;
        int[] bins = statistics.bins();
        long rest = kept;
        int at = top ? bins.length - 1 : 0;
        while (rest > 0 && statistics.count(bins[at]) < rest) {
            rest -= statistics.count(bins[at]);
            at += top ? -1 : 1;
        }
        rank = rest;
        if (statistics.count() == 0) {
            bin = -1;
            decide(Decision.noValues());
        } else if (kept == 0) {
            bin = -1;
            decide(Decision.of(Cut.NONE));
        } else {
            bin = bins[at];
            need(bin);
        }
    }

    @Override
    void refined(ValueCounts counts) {
        long[] before = {0};
        int[] last = {-1};
        // From the lower end the last value kept is the first one with `rank` values up to it; from the upper end it is
        // the first with more than n − rank.
        long target = top ? counts.count(bin) - rank + 1 : rank;
        counts.forEach(bin, (offset, count) -> {
            if (before[0] < target && before[0] + count >= target) {
                last[0] = offset;
            }
            before[0] += count;
        });
        float limit = FloatKey.value(bin, last[0]);
        decide(Decision.of(top ? Cut.atLeast(limit) : Cut.atMost(limit)));
    }
}
