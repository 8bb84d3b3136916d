package org.gradmimic.select.vote;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.gradmimic.base.InternalException;
import org.jspecify.annotations.Nullable;

/**
 * A maximum-likelihood mixture of two normal distributions.
 *
 * <p>It is fitted to cells ({@link MixtureFit}): first to coarse cells from several starts, then, from the best result,
 * to cells as narrow as the components require. If a bin of the statistics is too wide for that, as around 100 ± 0.1,
 * its values are counted and the fit is repeated. The cost depends on the number of cells, some hundreds, and not on
 * the number of values.
 *
 * <p>The likelihood has no maximum if a component shrinks to a single value. The variance of such a component is
 * limited to the distance between neighbouring floats. Such a solution is accepted if the value really is a spike, or
 * if there is no other solution, and it is reported.
 */
final class MixtureSearch extends RefiningSearch {

    private static final double[] START_SHARES = {0.05, 0.25, 0.5, 0.75, 0.95};
    private static final int START_STEPS = 20;
    private static final int CANDIDATES = 3;
    /** Number of cells between the 1st and the 99th percentile at the start. */
    private static final int COARSE_CELLS = 200;
    /** The largest width of a cell, and of a bin, in standard deviations of the narrowest component nearby. */
    private static final double CELL_WIDTH = 0.1;

    private static final double BIN_WIDTH = 0.25;
    /** The log odds beyond which a component contributes nothing to a cell: 1e-7. */
    private static final double NO_PART = 16;
    /** A bin with a smaller share of the values is not refined. */
    private static final double NEGLIGIBLE = 1e-5;

    private static final int REFINEMENTS = 3;
    private static final int ROUNDS = 6;
    /** The change below which a fit is settled, in standard deviations and log variances. */
    private static final double SETTLED = 1e-6;
    /** A single value is accepted as a component if it has this share of the values, and this many. */
    private static final double SPIKE_SHARE = 0.01;

    private static final int SPIKE_COUNT = 5;

    private final ValueStatistics statistics;
    private final List<ValueCounts> counts = new ArrayList<>();
    /** Mean log-likelihood of a value under one normal distribution. */
    private double single;

    MixtureSearch(ValueStatistics statistics) {
        this.statistics = statistics;
        search();
    }

    @Override
    void refined(ValueCounts more) {
        counts.add(more);
        search();
    }

    private void search() {
        int[] bins = statistics.bins();
        if (bins.length == 0) {
            decide(Decision.noValues());
            return;
        }
        if (bins.length == 1 && statistics.isSingleValue(bins[0])) {
            decide(Decision.allEqual());
            return;
        }
        Cells finest = Cells.finest(statistics, counts);
        Mixture mixture = finest.size() < 2 ? null : fit(finest);
        int[] wide = counts.size() == REFINEMENTS ? new int[0] : tooWide(bins, mixture);
        if (wide.length > 0) {
            need(wide);
        } else if (mixture == null) {
            throw new InternalException("a bin of different values was not refined");
        } else {
            decide(new Decision(mixture.cut(), mixture, notes(mixture)));
        }
    }

    private Mixture fit(Cells finest) {
        Mixture mixture = coarse(finest);
        for (int round = 0; round < ROUNDS; round++) {
            Mixture previous = mixture;
            DoubleUnaryOperator logOdds = previous.logOdds();
            Cells cells = finest.merged((from, to) -> CELL_WIDTH * narrowest(previous, logOdds, from, to));
            MixtureFit fit = new MixtureFit(cells);
            mixture = fit.maximum(fit.parameters(previous));
            if (change(previous, mixture) < SETTLED) {
                break;
            }
        }
        return mixture;
    }

    /** The best of several starts, on cells of equal width. */
    private Mixture coarse(Cells finest) {
        double width = (finest.quantile(0.99) - finest.quantile(0.01)) / COARSE_CELLS;
        MixtureFit fit = new MixtureFit(finest.merged((from, to) -> width));
        single = fit.single();
        List<double[]> starts = new ArrayList<>();
        for (double share : START_SHARES) {
            addStart(starts, fit.splitAt(finest.quantile(share)));
        }
        addStart(starts, fit.splitAt(new KMeansSearch(statistics).bestEdge()));
        starts.add(fit.narrowAndWide());
        starts.forEach(start -> fit.improve(start, START_STEPS));
        Comparator<Mixture> better =
                Comparator.comparing(this::isSpurious).thenComparing(Mixture::logLikelihood, Comparator.reverseOrder());
        return starts.stream()
                .sorted(Comparator.comparing(start -> fit.mixture(start, false), better))
                .limit(CANDIDATES)
                .map(fit::maximum)
                .min(better)
                .orElseThrow();
    }

    private static void addStart(List<double[]> starts, double @Nullable [] start) {
        if (start != null) {
            starts.add(start);
        }
    }

    /** The bins that hide too much of the shape of a component. */
    private int[] tooWide(int[] bins, @Nullable Mixture mixture) {
        List<Integer> wide = new ArrayList<>();
        for (int bin : bins) {
            double first = FloatKey.first(bin);
            double last = FloatKey.last(bin);
            boolean counted = counts.stream().anyMatch(c -> c.refinement().index(bin) >= 0);
            if (!counted
                    && statistics.count(bin) > NEGLIGIBLE * statistics.count()
                    && (mixture == null
                            || last - first > BIN_WIDTH * narrowest(mixture, mixture.logOdds(), first, last))
                    && !statistics.isSingleValue(bin)) {
                wide.add(bin);
            }
        }
        return wide.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The smallest standard deviation among the components that contribute to an interval. */
    private static double narrowest(Mixture mixture, DoubleUnaryOperator logOdds, double from, double to) {
        double atFrom = logOdds.applyAsDouble(from);
        double atTo = logOdds.applyAsDouble(to);
        double highest = Math.max(atFrom, atTo);
        double lowest = Math.min(atFrom, atTo);
        for (Mixture.Component component : List.of(mixture.high(), mixture.low())) {
            if (component.mean() > from && component.mean() < to) {
                double within = logOdds.applyAsDouble(component.mean());
                highest = Math.max(highest, within);
                lowest = Math.min(lowest, within);
            }
        }
        double narrowest = Double.POSITIVE_INFINITY;
        if (highest > -NO_PART) {
            narrowest = Math.sqrt(mixture.high().variance());
        }
        if (lowest < NO_PART) {
            narrowest = Math.min(narrowest, Math.sqrt(mixture.low().variance()));
        }
        return narrowest;
    }

    private static double change(Mixture a, Mixture b) {
        return Math.max(change(a.high(), b.high()), change(a.low(), b.low()));
    }

    private static double change(Mixture.Component a, Mixture.Component b) {
        double mean = Math.abs(a.mean() - b.mean()) / Math.sqrt(b.variance());
        double variance = Math.abs(a.variance() / b.variance() - 1);
        return Math.max(mean, Math.max(variance, Math.abs(a.weight() / b.weight() - 1)));
    }

    private static boolean isPoint(Mixture.Component component) {
        return component.variance() <= MixtureFit.pointVariance(component.mean()) * 1.001;
    }

    /** Whether a component is a single value that is only an outlier. */
    private boolean isSpurious(Mixture mixture) {
        double n = statistics.count();
        double needed = Math.max(Math.min(SPIKE_COUNT, n / 2), SPIKE_SHARE * n);
        return (isPoint(mixture.high()) && mixture.high().weight() * n < needed)
                || (isPoint(mixture.low()) && mixture.low().weight() * n < needed);
    }

    private List<String> notes(Mixture mixture) {
        List<String> notes = new ArrayList<>();
        addPoint(notes, "high", mixture.high());
        addPoint(notes, "low", mixture.low());
        // The mixture has three more parameters, each of which costs ½ log n (the Bayesian information criterion).
        double n = statistics.count();
        if (n * (mixture.logLikelihood() - single) < 1.5 * StrictMath.log(n)) {
            notes.add("one normal distribution fits as well: the values don't fall into two groups");
        }
        if (!mixture.converged()) {
            notes.add("the fit of the mixture did not converge");
        }
        return List.copyOf(notes);
    }

    private void addPoint(List<String> notes, String name, Mixture.Component component) {
        if (isPoint(component)) {
            notes.add("the " + name + " component is a single value, " + (float) component.mean() + " ("
                    + Math.round(component.weight() * statistics.count()) + " of " + statistics.count() + ")");
        }
    }
}
