package org.gradmimic.select.vote;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Values in ascending groups, each with its count, mean and variance. A mixture is fitted to these. They are built from
 * statistics, and from counts of single values where these exist, so the same values give the same cells in any order.
 */
final class Cells {

    /** The permitted width of a cell. */
    interface Resolution {
        /** The largest permitted width of a cell with values from {@code lowest} to {@code highest}. */
        double widest(double lowest, double highest);
    }

    private int size;
    private double[] lowest = new double[256];
    private double[] highest = new double[256];
    private double[] count = new double[256];
    /** Sums of the distances to the lowest value, and of the squared distances. */
    private double[] sum = new double[256];

    private double[] squares = new double[256];

    private Cells() {}

    /**
     * The finest possible cells: a bin, or a single value if the values of the bin were counted.
     *
     * @param counts each of different bins
     */
    static Cells finest(ValueStatistics statistics, List<ValueCounts> counts) {
        Cells cells = new Cells();
        for (int bin : statistics.bins()) {
            List<ValueCounts> counted = new ArrayList<>(counts);
            counted.removeIf(c -> c.refinement().index(bin) < 0);
            if (counted.isEmpty()) {
                double unit = FloatKey.unit(bin);
                cells.add(
                        FloatKey.first(bin),
                        FloatKey.last(bin),
                        statistics.count(bin),
                        unit * statistics.offsets(bin),
                        unit * unit * statistics.squaredOffsets(bin));
            } else {
                counted.get(0).forEach(bin, (offset, n) -> {
                    float value = FloatKey.value(bin, offset);
                    cells.add(value, value, n, 0, 0);
                });
            }
        }
        return cells;
    }

    /** These cells, with neighbouring ones merged as far as the resolution permits. */
    Cells merged(Resolution resolution) {
        Cells merged = new Cells();
        for (int i = 0; i < size; i++) {
            int last = merged.size - 1;
            if (last >= 0 && highest[i] - merged.lowest[last] <= resolution.widest(merged.lowest[last], highest[i])) {
                double shift = lowest[i] - merged.lowest[last];
                merged.highest[last] = highest[i];
                merged.count[last] += count[i];
                merged.sum[last] += sum[i] + shift * count[i];
                merged.squares[last] += squares[i] + 2 * shift * sum[i] + shift * shift * count[i];
            } else {
                merged.add(lowest[i], highest[i], count[i], sum[i], squares[i]);
            }
        }
        return merged;
    }

    int size() {
        return size;
    }

    double count(int i) {
        return count[i];
    }

    double mean(int i) {
        return lowest[i] + sum[i] / count[i];
    }

    /** Population variance. */
    double variance(int i) {
        double mean = sum[i] / count[i];
        return Math.max(0, squares[i] / count[i] - mean * mean);
    }

    /** The total number of values. */
    double total() {
        double total = 0;
        for (int i = 0; i < size; i++) {
            total += count[i];
        }
        return total;
    }

    /** A value with about {@code share} of all values below it. */
    double quantile(double share) {
        double rest = share * total();
        for (int i = 0; i < size; i++) {
            rest -= count[i];
            if (rest <= 0) {
                return mean(i);
            }
        }
        return mean(size - 1);
    }

    private void add(double lowestValue, double highestValue, double n, double distances, double distancesSquared) {
        if (size == count.length) {
            lowest = Arrays.copyOf(lowest, 2 * size);
            highest = Arrays.copyOf(highest, 2 * size);
            count = Arrays.copyOf(count, 2 * size);
            sum = Arrays.copyOf(sum, 2 * size);
            squares = Arrays.copyOf(squares, 2 * size);
        }
        lowest[size] = lowestValue;
        highest[size] = highestValue;
        count[size] = n;
        sum[size] = distances;
        squares[size] = distancesSquared;
        size++;
    }
}
