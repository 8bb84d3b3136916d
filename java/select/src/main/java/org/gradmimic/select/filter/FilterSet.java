package org.gradmimic.select.filter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.select.uid.UidSubset;
import org.gradmimic.select.uid.Uids;
import org.jspecify.annotations.Nullable;

/**
 * Filters over the same samples, by name. The input decides what the samples are: those of the pool, if its uids are
 * given; samples 0 to N − 1, if their number is known; or, if all filters are lists of uids and there is no pool, the
 * uids in any of them.
 */
public final class FilterSet {
    /** The setting that names the pool. */
    public static final String UIDS = "uids";

    /** The setting that gives the number of all samples. */
    public static final String SAMPLES = "samples";

    private final Map<String, Filter> filters;
    private final @Nullable Uids uids;
    private final boolean whole;

    private FilterSet(Map<String, Filter> filters, @Nullable Uids uids, boolean whole) {
        this.filters = filters;
        this.uids = uids;
        this.whole = whole;
    }

    /**
     * Reads filters.
     *
     * @param sources by name, at least one
     * @param pool the uids of all samples in order, null if not known
     * @param samples the number of all samples, empty if not known
     * @throws InputException if a file cannot be read, or the filters cover different samples
     * @throws SettingException if the filters cannot be read without the pool or the number of samples
     */
    public static FilterSet read(Map<String, FilterSource> sources, @Nullable Uids pool, OptionalLong samples) {
        if (pool != null) {
            return overPool(sources, pool, samples);
        }
        List<FilterSource> byUid = new ArrayList<>();
        List<FilterSource> byNumber = new ArrayList<>();
        for (FilterSource source : sources.values()) {
            if (source.isByUid()) {
                byUid.add(source);
            } else if (!source.isEmptyList()) {
                byNumber.add(source);
            }
        }
        if (!byUid.isEmpty() && !byNumber.isEmpty()) {
            throw new SettingException(SettingText.of(byUid.get(0).file() + " names samples by uid and "
                            + byNumber.get(0).file() + " by number; the pool's uids bring them together: ")
                    .setting(UIDS));
        }
        return byUid.isEmpty() ? byNumber(sources, samples) : byUid(sources);
    }

    private static FilterSet overPool(Map<String, FilterSource> sources, Uids pool, OptionalLong samples) {
        if (samples.isPresent() && samples.getAsLong() != pool.size()) {
            throw new InputException("there are " + pool.size() + " uids for " + samples.getAsLong() + " samples");
        }
        Map<String, Filter> filters = new LinkedHashMap<>();
        sources.forEach((name, source) -> filters.put(
                name, source.rule() == null ? FilterFile.read(source.file(), pool) : source.read(pool.size())));
        return new FilterSet(filters, pool, true);
    }

    private static FilterSet byNumber(Map<String, FilterSource> sources, OptionalLong samples) {
        long n = samples.orElseGet(() -> sources.values().stream()
                .mapToLong(FilterSource::samples)
                .filter(size -> size != FilterReader.UNKNOWN)
                .findFirst()
                .orElseThrow(() -> new SettingException(
                        SettingText.of(sources.values().iterator().next().file()
                                        + ": lists the kept samples only; the number of all samples is needed: ")
                                .setting(SAMPLES))));
        Map<String, Filter> filters = new LinkedHashMap<>();
        sources.forEach((name, source) -> filters.put(name, source.read(n)));
        return new FilterSet(filters, null, true);
    }

    private static FilterSet byUid(Map<String, FilterSource> sources) {
        Map<String, UidSubset> subsets = new LinkedHashMap<>();
        sources.forEach((name, source) -> {
            UidSubset list = FilterFile.readUids(source.file());
            Repeats.refuse(source.file(), list);
            subsets.put(name, list);
        });
        UidSubset any = UidSubset.union(List.copyOf(subsets.values()));
        Map<String, Filter> filters = new LinkedHashMap<>();
        subsets.forEach((name, subset) -> {
            Filter.Builder filter = Filter.builder(any.size());
            any.forEach((i, high, low) -> filter.set(i, subset.contains(high, low)));
            filters.put(name, filter.build());
        });
        return new FilterSet(filters, any, false);
    }

    /**
     * @return the filter of that name
     * @throws InvalidArgumentException if there is none
     */
    public Filter get(String name) {
        Filter filter = filters.get(name);
        if (filter == null) {
            throw new InvalidArgumentException("no filter " + name + " in " + filters.keySet());
        }
        return filter;
    }

    /** The uids of the samples in order; null if the samples have numbers only. */
    public @Nullable Uids uids() {
        return uids;
    }

    /** Whether these are all samples of the data set. Otherwise they are those that some filter keeps. */
    public boolean isWhole() {
        return whole;
    }

    /**
     * Evaluates an expression.
     *
     * @throws SettingException if it keeps samples that no filter lists, and no pool says which those are
     */
    public Filter evaluate(FilterExpression expression) {
        if (!whole && expression.keepsTheUnlisted()) {
            throw new SettingException(SettingText.of("expression \"" + expression
                            + "\" keeps samples that are in none of the lists; the pool's uids say which those are: ")
                    .setting(UIDS));
        }
        return expression.evaluate(this::get);
    }
}
