package org.gradmimic.score;

import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.jspecify.annotations.Nullable;

/** Scores, losses and gradient norms on the heap; see {@link ScoreSink#memory}. One run of {@link Scoring} fills it. */
public final class ScoreMemory extends ScoreSink {
    private final boolean norms;
    private float @Nullable [] scores;
    private float[] losses = {};
    private float[] gradientNorms = {};
    private boolean hasNorms;
    private boolean complete;

    ScoreMemory(boolean norms) {
        this.norms = norms;
    }

    /** Makes this sink keep gradient norms even if the scores do not need them. Returns this sink. */
    public ScoreMemory withGradientNorms() {
        return new ScoreMemory(true);
    }

    @Override
    ScoreSource.Wanted wanted() {
        return new ScoreSource.Wanted(norms, true);
    }

    @Override
    void open(long samples, int references, boolean computed, boolean needed) {
        if (samples * references > Integer.MAX_VALUE - 8) {
            throw new InvalidArgumentException(
                    references + " scores of " + samples + " samples do not fit into an array");
        }
        if (scores != null) throw new InvalidStateException("these scores belong to another run");
        scores = new float[(int) samples * references];
        losses = new float[(int) samples];
        hasNorms = computed;
        if (computed) gradientNorms = new float[(int) samples];
    }

    @Override
    FloatColumn scoreColumn() {
        if (scores == null) throw new InvalidStateException("nothing was scored");
        return FloatColumn.of(scores);
    }

    @Override
    FloatColumn lossColumn() {
        return FloatColumn.of(losses);
    }

    @Override
    @Nullable
    FloatColumn normColumn() {
        return hasNorms ? FloatColumn.of(gradientNorms) : null;
    }

    @Override
    void commit() {
        complete = true;
    }

    @Override
    public void close() {}

    /** [N] scores or weights; [K,N] if the scores toward several references are kept. */
    public float[] scores() {
        if (!complete || scores == null) throw new InvalidStateException("the scores are not complete");
        return scores;
    }

    /** [N] ℓ_i. */
    public float[] losses() {
        return losses;
    }

    /** [N] ‖g_i‖; empty if they were neither needed nor requested. */
    public float[] gradientNorms() {
        return gradientNorms;
    }
}
