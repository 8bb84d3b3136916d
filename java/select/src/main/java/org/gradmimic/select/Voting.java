package org.gradmimic.select;

import java.util.Arrays;
import java.util.function.LongConsumer;
import org.gradmimic.io.Blocks;
import org.gradmimic.select.labelmodel.VotePatterns;
import org.gradmimic.select.score.Classes;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Cut;

/** Applies the rule of every epoch to the samples of a block. */
final class Voting {

    private final Scores scores;
    private final Classes classes;
    private final Cut[][] cuts;
    private final LongConsumer progress;

    /**
     * @param cuts [E][C]
     */
    Voting(Scores scores, Classes classes, Cut[][] cuts, LongConsumer progress) {
        this.scores = scores;
        this.classes = classes;
        this.cuts = cuts;
        this.progress = progress;
    }

    /** The votes on the samples of a block; the state of one thread. */
    final class Ballot {
        /** Votes to keep minus votes to discard. */
        final int[] majority = new int[Blocks.BLOCK];
        /** As in {@link VotePatterns}; of at most {@link VotePatterns#MAX_SOURCES} epochs. */
        final long[] pattern = new long[Blocks.BLOCK];
        /** Votes to keep in each epoch, over all blocks so far. */
        final long[] kept = new long[cuts.length];

        private final float[] values = new float[Blocks.BLOCK];
        private final int[] labels = new int[Blocks.BLOCK];

        void fill(long from, int count) {
            Arrays.fill(majority, 0, count, 0);
            Arrays.fill(pattern, 0, count, 0);
            classes.read(from, count, labels);
            for (int epoch = 0; epoch < cuts.length; epoch++) {
                scores.read(epoch, from, count, values);
                fill(epoch, count);
                progress.accept(count);
            }
        }

        /** There are no branches on values, because they would be unpredictable. */
        private void fill(int epoch, int count) {
            int bit = 2 * epoch;
            boolean fits = epoch < VotePatterns.MAX_SOURCES;
            long keeps = 0;
            for (int i = 0; i < count; i++) {
                float value = values[i];
                int seen = Float.isNaN(value) ? 0 : 1;
                int keep = cuts[epoch][labels[i]].keeps(value) ? seen : 0;
                majority[i] += 2 * keep - seen;
                keeps += keep;
                if (fits) {
                    pattern[i] |= (long) (seen << keep) << bit; // ABSTAIN, DISCARD or KEEP
                }
            }
            kept[epoch] += keeps;
        }
    }
}
