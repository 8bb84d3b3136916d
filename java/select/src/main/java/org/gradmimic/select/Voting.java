package org.gradmimic.select;

import java.util.Arrays;
import java.util.function.LongConsumer;

/** Applies every epoch's rule to the samples of a block. */
final class Voting {

    private final Scores scores;
    private final Classes classes;
    private final Decision[][] decisions;
    private final LongConsumer progress;

    /**
     * @param decisions [E][C]
     */
    Voting(Scores scores, Classes classes, Decision[][] decisions, LongConsumer progress) {
        this.scores = scores;
        this.classes = classes;
        this.decisions = decisions;
        this.progress = progress;
    }

    /** The votes on a block's samples, a thread's own. */
    final class Ballot {
        /** Votes to keep less votes to discard. */
        final int[] majority = new int[Blocks.BLOCK];
        /** As {@link VotePatterns} has them; of at most {@link VotePatterns#MAX_SOURCES} epochs. */
        final long[] pattern = new long[Blocks.BLOCK];
        /** Votes to keep in each epoch, over all blocks so far. */
        final long[] kept = new long[decisions.length];

        private final float[] values = new float[Blocks.BLOCK];
        private final int[] labels = new int[Blocks.BLOCK];

        void fill(long from, int count) {
            Arrays.fill(majority, 0, count, 0);
            Arrays.fill(pattern, 0, count, 0);
            classes.read(from, count, labels);
            for (int epoch = 0; epoch < decisions.length; epoch++) {
                scores.read(epoch, from, count, values);
                fill(epoch, count);
                progress.accept(count);
            }
        }

        private void fill(int epoch, int count) {
            Decision[] ofClass = decisions[epoch];
            for (int i = 0; i < count; i++) {
                float value = values[i];
                if (Float.isNaN(value)) {
                    continue;
                }
                boolean keep = ofClass[labels[i]].cut().keeps(value);
                majority[i] += keep ? 1 : -1;
                kept[epoch] += keep ? 1 : 0;
                if (epoch < VotePatterns.MAX_SOURCES) {
                    pattern[i] = VotePatterns.with(pattern[i], epoch, keep ? VotePatterns.KEEP : VotePatterns.DISCARD);
                }
            }
        }
    }
}
