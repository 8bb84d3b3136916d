package org.gradmimic.train;

import java.util.ArrayList;
import java.util.List;
import org.gradmimic.ScoreTable;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * The mean losses of an epoch's steps and the samples that were not finite. They are taken from the score table when it
 * is drained, so that training does not wait for a step.
 */
final class StepLog implements ScoreTable.Sink {
    private final ScoreTable.Sink next;
    private final boolean scored;
    private final boolean[] unusable;
    private final List<Double> losses = new ArrayList<>();
    private final List<Long> nonFinite = new ArrayList<>();
    private boolean judgedByCache;

    /**
     * @param next receives every block too
     * @param scored whether samples have scores
     * @param unusable samples without a finite norm or reference loss, for weightings that use those; may be empty
     */
    StepLog(ScoreTable.Sink next, boolean scored, boolean[] unusable) {
        this.next = next;
        this.scored = scored;
        this.unusable = unusable;
    }

    /** Begins an epoch. */
    void begin(Weighting.Kind kind) {
        losses.clear();
        nonFinite.clear();
        judgedByCache = unusable.length > 0 && (kind.needsNorms() || kind == Weighting.Kind.RHO);
    }

    @Override
    public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {
        double sum = 0;
        int finite = 0;
        int usable = 0;
        for (int i = 0; i < count; i++) {
            boolean finiteLoss = Float.isFinite(loss[i]);
            if (finiteLoss) {
                sum += loss[i];
                finite++;
            }
            if (finiteLoss
                    && (!scored || Float.isFinite(score[i]))
                    && !(judgedByCache && unusable[Math.toIntExact(ids[i])])) {
                usable++;
            } else {
                nonFinite.add(ids[i]);
            }
        }
        if (usable == 0) throw noFiniteScore(ids[0], ids[count - 1], null);
        losses.add(sum / finite);
        next.accept(epoch, step, ids, score, weight, loss, count);
    }

    /** The error for a batch whose weights cannot be computed. */
    static InputException noFiniteScore(long first, long last, @Nullable RuntimeException cause) {
        return new InputException(
                "the batch of samples " + first + " … " + last
                        + " has no finite score: their features are not finite, or the head has diverged and a"
                        + " smaller learning rate helps" + (cause == null ? "" : " (" + cause.getMessage() + ")"),
                cause);
    }

    /** The mean of the finite losses of every step of this epoch. */
    List<Double> losses() {
        return losses;
    }

    /** The ids of samples without a finite loss or score in a step, in the order of steps. */
    List<Long> nonFinite() {
        return nonFinite;
    }
}
