package org.gradmimic.select.sample;

import java.util.Arrays;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.select.score.Values;

/**
 * Draws a subset in which samples may occur several times. Samples are drawn one after the other, each with a probability
 * proportional to its weight. Whenever a sample is drawn, the logarithm of its weight is lowered by the repeat penalty, so
 * that good samples occur often but never take over (soft cap sampling). A penalty of 0 draws with replacement; under a
 * large one a sample is drawn again only when there is nothing else.
 *
 * <p>The draws are made without a sequence. A clock is given to every sample, which rings for the k-th time after a waiting
 * time with an exponential distribution of rate w·exp(−αk). Exponential waiting times have no memory, so the next clock to
 * ring is any one with a probability proportional to its present rate: the order of the rings is the order of the draws. The
 * first n rings of all clocks are the n draws. A clock depends only on the seed, the sample's number and its weight, so the
 * values are streamed a few times, in constant memory, to find the time of the n-th ring.
 *
 * @see <a href="https://arxiv.org/abs/2503.08805">Shechter, Carmon: Filter Like You Test: Data-Driven Data Filtering for
 *     CLIP Pretraining (soft cap sampling, which draws in batches)</a>
 */
public final class SoftCapSampling {
    /** The number of times that are sorted in memory at the end. */
    private static final int SORTED = 1 << 20;

    /** Times are positive, so that their bits have the same order as they. */
    private static final int TIME_BITS = 63;

    private static final int DIGIT_BITS = 16;

    private final Values weights;
    private final long size;
    private final double growth;
    private final long seed;

    private SoftCapSampling(Values weights, long size, double penalty, long seed) {
        this.weights = weights;
        this.size = size;
        this.growth = StrictMath.exp(penalty);
        this.seed = seed;
    }

    /**
     * Draws.
     *
     * @param weights one of each sample, such as a probability, at least 0; a sample whose weight is 0 or NaN is never drawn
     * @param size the number of draws
     * @param repeatPenalty α, at least 0
     * @param seed determines the draws, together with the weights and the penalty
     * @return how often each sample was drawn; the caller closes it
     * @throws InputException if a weight is negative or infinite, all are 0, or a number is out of range
     */
    public static Draws draw(Values weights, long size, double repeatPenalty, long seed) {
        if (size < 1) throw new InputException("the number of draws is " + size + "; it must be positive");
        if (!(repeatPenalty >= 0) || Double.isInfinite(repeatPenalty)) {
            throw new InputException("the repeat penalty is " + repeatPenalty + "; expected a finite number from 0 up");
        }
        return new SoftCapSampling(weights, size, repeatPenalty, seed).run();
    }

    private Draws run() {
        double[] total = {0};
        weights.forEach((sample, weight) -> total[0] += checked(sample, weight));
        if (!(total[0] > 0)) {
            throw new InputException(weights.name() + ": no sample has a weight above 0, so none can be drawn");
        }
        if (Double.isInfinite(total[0])) {
            throw new InputException(weights.name() + ": the sum of the weights is infinite; scale them down");
        }
        double end = untilEnough(size / total[0]);
        long last = last(Double.doubleToRawLongBits(end));
        long[] before = {0};
        rings(last, (sample, time) -> before[0] += time < last ? 1 : 0);
        return Draws.collect(weights.size(), sink -> emit(last, size - before[0], sink));
    }

    private double checked(long sample, double weight) {
        if (weight < 0 || Double.isInfinite(weight)) {
            throw new InputException(weights.name() + ": sample " + sample + ": the weight is " + weight
                    + "; expected a finite number from 0 up, or NaN for a sample that is not drawn");
        }
        return Double.isNaN(weight) ? 0 : weight;
    }

    /** A time at which at least as many clocks have rung as draws are wanted. */
    private double untilEnough(double guess) {
        double end = Math.max(guess, Double.MIN_NORMAL);
        double factor = 2;
        long before = 0;
        while (true) {
            long rung = count(end);
            if (rung >= size) return end;
            if (end == Double.MAX_VALUE) {
                throw new InputException(weights.name() + ": only " + rung
                        + " draws are possible under this repeat penalty," + " and " + size + " are wanted");
            }
            // Under a penalty the number of rings grows with the logarithm of the time.
            factor = rung > 1.2 * before ? 2 : Math.min(factor * factor, 0x1p60);
            before = rung;
            end = Math.min(end * factor, Double.MAX_VALUE);
        }
    }

    private long count(double end) {
        long[] rung = {0};
        rings(Double.doubleToRawLongBits(end), (sample, time) -> rung[0]++);
        return rung[0];
    }

    /** The bits of the time of the last draw: digit by digit, and by sorting as soon as few times are left. */
    private long last(long end) {
        long rank = size;
        long prefix = 0;
        int known = 0;
        while (known < TIME_BITS) {
            int bits = Math.min(DIGIT_BITS, TIME_BITS - known);
            int shift = TIME_BITS - known - bits;
            long[] counts = new long[1 << bits];
            long above = prefix;
            int from = known;
            rings(end, (sample, time) -> {
                if (from == 0 || time >>> TIME_BITS - from == above)
                    counts[(int) (time >>> shift) & counts.length - 1]++;
            });
            int digit = 0;
            while (counts[digit] < rank) rank -= counts[digit++];
            prefix = prefix << bits | digit;
            known += bits;
            if (counts[digit] <= SORTED) return sorted(end, prefix, known, (int) counts[digit], rank);
        }
        return prefix;
    }

    /** The time of the given rank, from 1, among those whose first bits are known. */
    private long sorted(long end, long prefix, int known, int count, long rank) {
        long[] times = new long[count];
        int[] next = {0};
        rings(end, (sample, time) -> {
            if (time >>> TIME_BITS - known == prefix) times[next[0]++] = time;
        });
        Arrays.sort(times);
        return times[(int) rank - 1];
    }

    /** Passes the number of draws of every sample on. Of rings at the time of the last draw, the first samples count. */
    private void emit(long last, long atLast, Draws.Sink sink) {
        long[] left = {atLast};
        weights.forEach((sample, weight) -> {
            long[] drawn = {0};
            ring(sample, checked(sample, weight), last, (same, time) -> {
                if (time < last || left[0]-- > 0) drawn[0]++;
            });
            sink.accept(drawn[0]);
        });
    }

    /** Receives the time at which a clock rings. */
    private interface Ring {
        void accept(long sample, long time);
    }

    private void rings(long end, Ring action) {
        weights.forEach((sample, weight) -> ring(sample, checked(sample, weight), end, action));
    }

    /** Passes the times of a sample's clock up to {@code end} on, in ascending order. */
    private void ring(long sample, double weight, long end, Ring action) {
        if (weight == 0) return;
        SplitMix random = SplitMix.of(seed, 0, sample);
        double time = 0;
        double mean = 1 / weight;
        while (true) {
            // Uniform in (0, 1), so that the logarithm is finite.
            double uniform = ((random.nextLong() >>> 12) + 0.5) * 0x1p-52;
            time += -StrictMath.log(uniform) * mean;
            long bits = Double.doubleToRawLongBits(time);
            if (!(time < Double.POSITIVE_INFINITY) || bits > end) return;
            action.accept(sample, bits);
            mean *= growth;
        }
    }
}
