package org.gradmimic.select.vote;

import java.io.Serializable;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.select.score.ScoreColumn;

/**
 * Splits the values of an epoch, or of a class in an epoch, into those to keep and those to discard.
 *
 * <p>A binarizer never sees values. It sees only statistics of them that do not depend on their order. Therefore it
 * makes the same decision whether the values come from memory, a file or a cluster:
 *
 * <pre>{@code
 * ValueStatistics statistics = ...;                 // a first pass over the values
 * Binarization running = binarizer.begin(statistics);
 * while (!running.needs().isEmpty()) {              // never for thresholds, usually once for the other rules
 *     running.refine(counts of running.needs());    // another pass
 * }
 * Decision decision = running.decision();
 * boolean keep = decision.cut().keeps(value);
 * }</pre>
 *
 * <p>Equal values get equal votes. Samples that were not seen are ignored. Immutable.
 */
public final class Binarizer implements Serializable {

    private static final long serialVersionUID = 1L;

    private enum Kind {
        THRESHOLD,
        K_MEANS,
        MIXTURE,
        TOP,
        TOP_K,
        BOTTOM
    }

    private final Kind kind;
    /** The threshold, the share or the count; 0 if the rule has none. */
    private final double parameter;

    private Binarizer(Kind kind, double parameter) {
        this.kind = kind;
        this.parameter = parameter;
    }

    /**
     * Keeps values of at least {@code limit}. The paper's rule is a weight of at least 1/B: a limit of 1 on
     * {@link ScoreColumn#RELATIVE_WEIGHT}, or 1/B on weights alone.
     *
     * @param limit the lowest value to keep, compared in float
     * @throws InvalidArgumentException if {@code limit} is NaN
     */
    public static Binarizer threshold(float limit) {
        if (Float.isNaN(limit)) {
            throw new InvalidArgumentException("threshold is NaN");
        }
        return new Binarizer(Kind.THRESHOLD, limit);
    }

    /**
     * Keeps the higher of the two clusters with the smallest sum of squared distances to their means. In one dimension
     * the clusters are a split of the sorted values, so trying every split finds the exact optimum, without starting
     * points or iterations. Among equally good splits the lowest is taken. If all values are equal there is one
     * cluster, and it is kept.
     */
    public static Binarizer kMeans() {
        return new Binarizer(Kind.K_MEANS, 0);
    }

    /**
     * Keeps the values that more likely come from the component with the higher mean, in a mixture of two normal
     * distributions that is fitted by maximum likelihood. If that component is the wider one, values far below the
     * other component belong to it as well.
     */
    public static Binarizer mixture() {
        return new Binarizer(Kind.MIXTURE, 0);
    }

    /**
     * Keeps the highest {@code share} of the values: ⌊share · n⌋ of them, computed in decimal arithmetic (0.29 of 100
     * is 29), and all values equal to the last one kept.
     *
     * @param share from 0 to 1
     * @throws InvalidArgumentException if {@code share} is not in that range
     */
    public static Binarizer topShare(double share) {
        return new Binarizer(Kind.TOP, checked(share));
    }

    /**
     * Keeps the {@code count} highest values, or all if there are fewer, and all values equal to the last one kept.
     *
     * @param count 0 to 2⁵³
     * @throws InvalidArgumentException if {@code count} is not in that range
     */
    public static Binarizer topK(long count) {
        if (count < 0 || count > 1L << 53) {
            throw new InvalidArgumentException("count " + count + ": expected 0 to 2^53");
        }
        return new Binarizer(Kind.TOP_K, count);
    }

    /**
     * Keeps the lowest {@code share} of the values, counted as by {@link #topShare}.
     *
     * @param share from 0 to 1
     * @throws InvalidArgumentException if {@code share} is not in that range
     */
    public static Binarizer bottomShare(double share) {
        return new Binarizer(Kind.BOTTOM, checked(share));
    }

    /**
     * Starts a decision.
     *
     * @param statistics of all values; not modified, and not to be modified until the decision is made
     */
    public Binarization begin(ValueStatistics statistics) {
        return switch (kind) {
            case THRESHOLD -> new Decided(Decision.of(Cut.atLeast((float) parameter)));
            case K_MEANS -> new KMeansSearch(statistics);
            case MIXTURE -> new MixtureSearch(statistics);
            case TOP -> new ShareSearch(statistics, share(statistics), true);
            case TOP_K -> new ShareSearch(statistics, Math.min((long) parameter, statistics.count()), true);
            case BOTTOM -> new ShareSearch(statistics, share(statistics), false);
        };
    }

    private long share(ValueStatistics statistics) {
        return BigDecimal.valueOf(parameter)
                .multiply(BigDecimal.valueOf(statistics.count()))
                .setScale(0, RoundingMode.FLOOR)
                .longValueExact();
    }

    private static double checked(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new InvalidArgumentException("share " + share + ": expected 0 to 1");
        }
        return share;
    }

    /** A decision that needs no counts. */
    private record Decided(Decision decision) implements Binarization {
        @Override
        public Refinement needs() {
            return Refinement.none();
        }

        @Override
        public void refine(ValueCounts counts) {
            throw new InvalidStateException("nothing was needed");
        }
    }
}
