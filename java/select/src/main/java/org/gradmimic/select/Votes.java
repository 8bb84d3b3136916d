package org.gradmimic.select;

import java.util.Arrays;

/**
 * For every epoch and sample: keep, discard, or abstain where the sample has no value. Immutable.
 */
public final class Votes {

    /** The sample was not seen in this epoch, or its value was not finite. */
    public static final byte ABSTAIN = -1;

    /** The sample is not worth keeping. */
    public static final byte DISCARD = 0;

    /** The sample is worth keeping. */
    public static final byte KEEP = 1;

    private final byte[][] votes;
    private final int samples;

    private Votes(byte[][] votes, int samples) {
        this.votes = votes;
        this.samples = samples;
    }

    /**
     * Lets a rule vote on every epoch by itself.
     *
     * @param scores [E,N] values, higher is better; NaN abstains
     * @param rule splits an epoch's values
     * @return the votes
     * @throws InputException if a value is infinite; names epoch and sample
     * @throws IllegalArgumentException if the epochs have different numbers of samples
     */
    public static Votes of(float[][] scores, VoteRule rule) {
        int samples = ScoreMatrix.samples(scores);
        byte[][] votes = new byte[scores.length][];
        for (int epoch = 0; epoch < votes.length; epoch++) {
            ScoreMatrix.requireNotInfinite(scores[epoch], epoch);
            votes[epoch] = vote(scores[epoch], rule);
        }
        return new Votes(votes, samples);
    }

    /** The rule gets the values there are, and its answers go back to their places. */
    private static byte[] vote(float[] scores, VoteRule rule) {
        float[] seen = new float[scores.length];
        int count = 0;
        for (float score : scores) {
            if (!Float.isNaN(score)) {
                seen[count++] = score;
            }
        }
        boolean[] keep = rule.keep(Arrays.copyOf(seen, count));
        byte[] votes = new byte[scores.length];
        int next = 0;
        for (int i = 0; i < votes.length; i++) {
            votes[i] = Float.isNaN(scores[i]) ? ABSTAIN : keep[next++] ? KEEP : DISCARD;
        }
        return votes;
    }

    /** {@return E} */
    public int epochs() {
        return votes.length;
    }

    /** {@return N; 0 without epochs} */
    public int samples() {
        return samples;
    }

    /**
     * One vote.
     *
     * @param epoch from 0
     * @param sample from 0
     * @return {@link #KEEP}, {@link #DISCARD} or {@link #ABSTAIN}
     */
    public byte get(int epoch, int sample) {
        return votes[epoch][sample];
    }

    /**
     * How many epochs cast a vote on a sample.
     *
     * @param sample from 0
     * @param vote {@link #KEEP}, {@link #DISCARD} or {@link #ABSTAIN}
     * @return 0 to E
     */
    public int count(int sample, byte vote) {
        int count = 0;
        for (byte[] epoch : votes) {
            if (epoch[sample] == vote) {
                count++;
            }
        }
        return count;
    }
}
