package org.gradmimic.reshard;

import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.uid.UidSubset;

/** Which uids of a subset were found in shards, with one bit in memory for each. */
final class SubsetCoverage {
    private final Filter.Builder found;
    private final long distinct;
    private long foundHere;
    /** The number found in shards that were not read again; −1 if it is not known. */
    private long foundBefore;

    SubsetCoverage(UidSubset subset) {
        found = Filter.builder(subset.size());
        long first = 0;
        for (long i = 0; i < subset.size(); i++) {
            first += subset.isFirst(i) ? 1 : 0;
        }
        distinct = first;
    }

    /** @param place position of a uid that was found, from {@link UidSubset#find} */
    void add(long place) {
        if (!found.keeps(place)) {
            found.set(place, true);
            foundHere++;
        }
    }

    /** @param uids number of distinct uids of a shard that is not read again; −1 if they were not counted */
    void addCounted(long uids) {
        foundBefore = foundBefore < 0 || uids < 0 ? -1 : foundBefore + uids;
    }

    /**
     * {@return the number of distinct uids that were not found; too low if uids of counted shards are also in others;
     * −1 if unknown}
     */
    long missing() {
        return foundBefore < 0 ? -1 : Math.max(0, distinct - foundHere - foundBefore);
    }
}
