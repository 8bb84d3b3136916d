package org.gradmimic.report.html;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Which samples a page lists one by one. */
final class Listing {
    /** Up to so many samples, all are listed. */
    static final int ALL = 100_000;

    /** Of more samples, so many of the most and of the least suspicious ones are. */
    static final int EXTREMES = 5_000;

    private Listing() {}

    /**
     * The listed samples, ascending.
     *
     * @param suspicion [N] low for the most suspicious; NaN where nothing is known
     */
    static int[] of(double[] suspicion) {
        if (suspicion.length <= ALL) return IntStream.range(0, suspicion.length).toArray();
        return IntStream.concat(Arrays.stream(lowest(suspicion, EXTREMES)), Arrays.stream(highest(suspicion, EXTREMES)))
                .sorted()
                .distinct()
                .toArray();
    }

    /** The samples with the lowest values, ascending by value. NaN is not among them. */
    static int[] lowest(double[] values, int most) {
        double[] sorted = Arrays.stream(values)
                .filter(value -> !Double.isNaN(value))
                .sorted()
                .toArray();
        if (sorted.length == 0 || most == 0) return new int[0];
        double limit = sorted[Math.min(most, sorted.length) - 1];
        List<Integer> below = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            if (values[i] <= limit) below.add(i);
        }
        below.sort((a, b) -> Double.compare(values[a], values[b]));
        return below.stream().limit(most).mapToInt(i -> i).toArray();
    }

    /** The samples with the highest values, descending by value. NaN is not among them. */
    static int[] highest(double[] values, int most) {
        return lowest(Arrays.stream(values).map(value -> -value).toArray(), most);
    }
}
