package org.gradmimic.select.labelmodel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.gradmimic.select.internal.Squarem;

/**
 * EM for a {@link LabelModel} on the counts of vote patterns, from two starts: the moments of the votes, and the
 * majority.
 *
 * <p>The model fits equally well when it is turned round: every epoch mostly wrong, and the classes exchanged. The
 * intended solution is the one in which the epochs together are better than chance, so a fit that ended in the other
 * one is turned back. With a given balance the classes cannot be exchanged. There, the turned fit is the start of
 * another fit, and a fit in which the epochs are better than chance is preferred to one in which they are not. If the
 * preferred fit is the less likely one, that is reported.
 */
final class LabelModelFit {

    /**
     * Probabilities stay this far from 0 and 1, so that no vote outweighs any number of others, however often it was
     * right.
     */
    private static final double EDGE = 1e-6;

    private static final double AT_REST = 1e-9;
    private static final int CYCLES = 2_000;
    /** A difference of log-likelihoods beyond chance: half of the square of three standard deviations. */
    private static final double LIKELIER = 4.5;

    /** α + β − 1 of an epoch that is hardly better than chance. */
    private static final double CHANCE = 0.05;

    private final OptionalDouble givenBalance;
    private final int sources;
    /** The patterns with at least one vote. The others carry no information. */
    private final long[] pattern;

    private final double[] count;
    private final double total;

    LabelModelFit(VotePatterns patterns, OptionalDouble givenBalance) {
        this.givenBalance = givenBalance;
        sources = patterns.sources();
        pattern = Arrays.stream(patterns.patterns()).filter(p -> p != 0).toArray();
        count = Arrays.stream(pattern).mapToDouble(patterns::count).toArray();
        total = Arrays.stream(count).sum();
    }

    /** Parameters as logits: the balance, then the keep accuracies of the sources, then their discard accuracies. */
    private record Fitted(double[] logits, double logLikelihood, boolean converged, boolean flipped) {}

    LabelModel run() {
        VoteMoments moments = new VoteMoments(pattern, count, sources);
        moments.requireIdentifiable();
        List<Fitted> fits = new ArrayList<>();
        fits.add(maximum(moments.start(givenBalance)));
        fits.add(maximum(majorityStart()));
        if (givenBalance.isPresent()) {
            double[] start = best(fits).logits.clone();
            turnRound(start);
            fits.add(maximum(start));
        }
        Fitted best = best(fits);
        double[] keep = accuracies(best.logits, 1);
        double[] discard = accuracies(best.logits, 1 + sources);
        double balance = givenBalance.orElse(probability(best.logits[0]));
        LabelModel model = new LabelModel(balance, keep, discard, 0, List.of());
        double confidence = 0;
        for (int p = 0; p < pattern.length; p++) {
            confidence += count[p] * probability(Math.abs(model.logOdds(pattern[p])));
        }
        return new LabelModel(balance, keep, discard, confidence / total, notes(best, fits, keep, discard));
    }

    private static Fitted best(List<Fitted> fits) {
        return fits.stream()
                .min(Comparator.comparing(Fitted::flipped)
                        .thenComparing(Fitted::logLikelihood, Comparator.reverseOrder()))
                .orElseThrow();
    }

    private Fitted maximum(double[] start) {
        double[] logits = start.clone();
        boolean converged = Squarem.run(this::step, logits, AT_REST, CYCLES);
        boolean flipped = skill(logits) < 0;
        if (flipped && givenBalance.isEmpty()) {
            turnRound(logits);
            flipped = false;
        }
        return new Fitted(logits, step(logits, new double[logits.length]), converged, flipped);
    }

    /** How much better than chance the sources are together. */
    private double skill(double[] logits) {
        return IntStream.range(0, sources)
                .mapToDouble(j -> probability(logits[1 + j]) + probability(logits[1 + sources + j]) - 1)
                .sum();
    }

    private void turnRound(double[] logits) {
        logits[0] = givenBalance.isPresent() ? logits[0] : -logits[0];
        for (int j = 0; j < sources; j++) {
            double keep = logits[1 + j];
            logits[1 + j] = -logits[1 + sources + j];
            logits[1 + sources + j] = -keep;
        }
    }

    /** One EM step that starts with the majority of the votes of each pattern. */
    private double[] majorityStart() {
        double[] posterior = new double[pattern.length];
        for (int p = 0; p < pattern.length; p++) {
            double keeps = VotePatterns.keeps(pattern[p]);
            posterior[p] = (keeps + 0.5) / (keeps + VotePatterns.discards(pattern[p]) + 1);
        }
        double[] logits = new double[1 + 2 * sources];
        maximize(posterior, logits);
        return logits;
    }

    private double step(double[] from, double[] to) {
        LabelModel model =
                new LabelModel(probability(from[0]), accuracies(from, 1), accuracies(from, 1 + sources), 0, List.of());
        double[] logDiscard = new double[2 * sources];
        for (int j = 0; j < sources; j++) {
            double wrong = 1 - probability(from[1 + sources + j]);
            logDiscard[2 * j] = StrictMath.log(1 - wrong);
            logDiscard[2 * j + 1] = StrictMath.log(wrong);
        }
        double logNotKeep = StrictMath.log(1 - probability(from[0]));
        double[] posterior = new double[pattern.length];
        double likelihood = 0;
        for (int p = 0; p < pattern.length; p++) {
            double logOdds = model.logOdds(pattern[p]);
            double e = StrictMath.exp(-Math.abs(logOdds));
            posterior[p] = logOdds >= 0 ? 1 / (1 + e) : e / (1 + e);
            // log P(pattern) = log P(pattern, not worth keeping) + log(1 + odds)
            double log = logNotKeep + Math.max(0, logOdds) + StrictMath.log1p(e);
            for (int j = 0; j < sources; j++) {
                int vote = VotePatterns.vote(pattern[p], j);
                if (vote != VotePatterns.ABSTAIN) {
                    log += logDiscard[vote == VotePatterns.DISCARD ? 2 * j : 2 * j + 1];
                }
            }
            likelihood += count[p] * log;
        }
        maximize(posterior, to);
        return likelihood / total;
    }

    /** The parameters that fit the posteriors best. */
    private void maximize(double[] posterior, double[] to) {
        double worth = 0;
        double[] kept = new double[sources];
        double[] votesOnKeep = new double[sources];
        double[] discarded = new double[sources];
        double[] votesOnDiscard = new double[sources];
        for (int p = 0; p < pattern.length; p++) {
            double keep = count[p] * posterior[p];
            double discard = count[p] - keep;
            worth += keep;
            for (int j = 0; j < sources; j++) {
                int vote = VotePatterns.vote(pattern[p], j);
                if (vote == VotePatterns.ABSTAIN) {
                    continue;
                }
                votesOnKeep[j] += keep;
                votesOnDiscard[j] += discard;
                if (vote == VotePatterns.KEEP) {
                    kept[j] += keep;
                } else {
                    discarded[j] += discard;
                }
            }
        }
        to[0] = logit(givenBalance.orElse(worth / total));
        for (int j = 0; j < sources; j++) {
            to[1 + j] = logit(votesOnKeep[j] > 0 ? kept[j] / votesOnKeep[j] : 0.5);
            to[1 + sources + j] = logit(votesOnDiscard[j] > 0 ? discarded[j] / votesOnDiscard[j] : 0.5);
        }
    }

    private List<String> notes(Fitted fitted, List<Fitted> fits, double[] keep, double[] discard) {
        List<String> notes = new ArrayList<>();
        boolean likelierFlipped = fits.stream()
                .anyMatch(other -> other.flipped && total * (other.logLikelihood - fitted.logLikelihood) > LIKELIER);
        if (fitted.flipped || likelierFlipped) {
            notes.add("with this class balance the votes fit best if most epochs are wrong: is it the share of samples"
                    + " worth keeping?");
        }
        for (int j = 0; j < sources; j++) {
            double skill = keep[j] + discard[j] - 1;
            if (skill < CHANCE) {
                notes.add(String.format(
                        Locale.ROOT,
                        "epoch %d is %s chance (accuracies %.3f and %.3f)",
                        j,
                        skill < -CHANCE ? "worse than" : "hardly better than",
                        keep[j],
                        discard[j]));
            }
        }
        if (!fitted.converged) {
            notes.add("the fit of the label model did not converge");
        }
        return List.copyOf(notes);
    }

    private double[] accuracies(double[] logits, int from) {
        return Arrays.stream(logits, from, from + sources)
                .map(LabelModelFit::probability)
                .toArray();
    }

    /** The logit of a probability, kept away from the edges. */
    static double logit(double probability) {
        double p = Math.min(1 - EDGE, Math.max(EDGE, probability));
        return StrictMath.log(p / (1 - p));
    }

    private static double probability(double logit) {
        double p = 1 / (1 + StrictMath.exp(-logit));
        return Math.min(1 - EDGE, Math.max(EDGE, p));
    }
}
