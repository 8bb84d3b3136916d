package org.gradmimic.select.labelmodel;

import java.io.Serializable;
import java.util.List;
import java.util.OptionalDouble;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;

/**
 * Estimates which samples are worth keeping from the votes of several epochs whose accuracies are unknown. Given the
 * truth, the epochs are assumed to be independent of each other. Each epoch has one probability of recognising a sample
 * worth keeping and another of recognising a sample that is not. The class balance is the share of samples worth
 * keeping. All of these are estimated from the votes alone, by maximum likelihood. An epoch that abstains contributes
 * nothing. Immutable.
 *
 * @see <a href="https://doi.org/10.2307/2346806">Dawid and Skene (1979)</a>
 * @see <a href="https://arxiv.org/abs/2002.11955">Fu et al. (2020), the moments it starts from</a>
 */
public final class LabelModel implements Serializable {

    private static final long serialVersionUID = 1L;

    private final double balance;
    private final double[] keepAccuracy;
    private final double[] discardAccuracy;
    private final double confidence;
    private final List<String> notes;
    private final double priorLogOdds;
    /** The contribution of a source's vote to the log odds, at index 4 · source + vote. */
    private final double[] voteLogOdds;

    /**
     * @param balance the share of samples worth keeping
     * @param keepAccuracy [E] the probability that an epoch recognises a sample worth keeping
     * @param discardAccuracy [E] the probability that an epoch recognises a sample not worth keeping
     */
    LabelModel(double balance, double[] keepAccuracy, double[] discardAccuracy, double confidence, List<String> notes) {
        this.balance = balance;
        this.keepAccuracy = keepAccuracy;
        this.discardAccuracy = discardAccuracy;
        this.confidence = confidence;
        this.notes = notes;
        priorLogOdds = StrictMath.log(balance / (1 - balance));
        voteLogOdds = new double[4 * keepAccuracy.length];
        for (int j = 0; j < keepAccuracy.length; j++) {
            voteLogOdds[4 * j + VotePatterns.KEEP] = StrictMath.log(keepAccuracy[j] / (1 - discardAccuracy[j]));
            voteLogOdds[4 * j + VotePatterns.DISCARD] = StrictMath.log((1 - keepAccuracy[j]) / discardAccuracy[j]);
        }
    }

    /**
     * Estimates the model. The cost depends on the number of patterns, at most 3^E, and not on the number of samples.
     *
     * @param patterns of all samples
     * @param balance the share of samples worth keeping, between 0 and 1, if it is known
     * @return the model
     * @throws InputException if the votes do not determine the model, for example with fewer than three epochs; the
     *     message says why
     * @throws InvalidArgumentException if the balance is not between 0 and 1
     */
    public static LabelModel fit(VotePatterns patterns, OptionalDouble balance) {
        if (balance.isPresent() && !(balance.getAsDouble() > 0 && balance.getAsDouble() < 1)) {
            throw new InvalidArgumentException(
                    "class balance " + balance.getAsDouble() + ": expected a share between 0 and 1");
        }
        return new LabelModelFit(patterns, balance).run();
    }

    /** {@return the share of samples worth keeping, as estimated or as given} */
    public double balance() {
        return balance;
    }

    /** {@return [E] the probability that an epoch recognises a sample worth keeping} */
    public double[] keepAccuracy() {
        return keepAccuracy.clone();
    }

    /** {@return [E] the probability that an epoch recognises a sample not worth keeping} */
    public double[] discardAccuracy() {
        return discardAccuracy.clone();
    }

    /** {@return the mean probability of the model's answers, over the samples with votes; ½ to 1} */
    public double confidence() {
        return confidence;
    }

    /** {@return what a user should know, for example that an epoch is no better than chance; usually empty} */
    public List<String> notes() {
        return notes;
    }

    /**
     * {@return the probability that a sample with these votes is worth keeping; the balance if all epochs abstain}
     *
     * @param pattern as in {@link VotePatterns}
     */
    public double probability(long pattern) {
        double logOdds = logOdds(pattern);
        double e = StrictMath.exp(-Math.abs(logOdds));
        return logOdds >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /**
     * {@return whether a sample is kept: an epoch has seen it, and it is more likely worth keeping than not}
     *
     * @param pattern as in {@link VotePatterns}
     */
    public boolean keeps(long pattern) {
        return pattern != 0 && logOdds(pattern) > 0;
    }

    double logOdds(long pattern) {
        double sum = priorLogOdds;
        for (int j = 0; j < keepAccuracy.length; j++) {
            sum += voteLogOdds[4 * j + VotePatterns.vote(pattern, j)];
        }
        return sum;
    }
}
