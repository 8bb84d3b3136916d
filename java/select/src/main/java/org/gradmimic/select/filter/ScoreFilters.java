package org.gradmimic.select.filter;

import org.gradmimic.base.InputException;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.vote.Binarization;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.select.vote.Cut;
import org.gradmimic.select.vote.ValueCounts;
import org.gradmimic.select.vote.ValueStatistics;

/** Filters from one value per sample, by the rules that split an epoch. */
public final class ScoreFilters {
    private ScoreFilters() {}

    /**
     * Reads the values in a few passes. A sample without a value (NaN) is never kept and does not count. Values are
     * compared as floats.
     *
     * @param rule splits them
     * @throws InputException if a value is infinite, or all values are NaN; names the file and, for an infinite value,
     *     the sample
     */
    public static Filter keep(Values values, Binarizer rule) {
        ValueStatistics statistics = new ValueStatistics();
        values.forEach((sample, value) -> {
            if (Double.isInfinite(value)) {
                throw new InputException(values.name() + ": sample " + sample + ": the value is " + value
                        + ", expected a finite value, or NaN for a sample without one");
            }
            statistics.add((float) value);
        });
        if (statistics.count() == 0 && values.size() > 0) {
            throw new InputException(
                    values.name() + ": all " + values.size() + " values are NaN: there is nothing to filter by");
        }
        Binarization running = rule.begin(statistics);
        while (!running.needs().isEmpty()) {
            ValueCounts counts = new ValueCounts(running.needs());
            values.forEach((sample, value) -> counts.add((float) value));
            running.refine(counts);
        }
        Cut cut = running.decision().cut();
        Filter.Builder filter = Filter.builder(values.size());
        values.forEach((sample, value) -> filter.set(sample, !Double.isNaN(value) && cut.keeps((float) value)));
        return filter.build();
    }
}
