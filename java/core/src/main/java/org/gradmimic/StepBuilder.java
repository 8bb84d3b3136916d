package org.gradmimic;

import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * The settings that training steps of every kind share: those of a {@link MimicHead} and those of {@link
 * org.gradmimic.layer.MimicSteps}. A weighting is required; everything else has a default.
 *
 * @param <B> the builder's own type, which its setters return
 */
public abstract class StepBuilder<B extends StepBuilder<B>> {
    private @Nullable Weighting weighting;
    private Calibration calibration = Calibration.LAYER;
    private @Nullable ScoreTable table;

    /** A builder without a weighting. */
    protected StepBuilder() {}

    /** This builder, as its own type. */
    protected abstract B self();

    /** Sets how scores become weights. */
    public final B weighting(Weighting weighting) {
        this.weighting = weighting;
        return self();
    }

    /**
     * Sets which parameters' gradients are weighted; the default is the mimic layer alone, {@link Calibration#LAYER}.
     */
    public final B calibration(Calibration calibration) {
        this.calibration = calibration;
        return self();
    }

    /**
     * Sets the table that receives ids, scores, weights and losses. Without one, a step keeps its own until the next
     * step.
     *
     * @param table on the device of the steps; the caller closes it
     */
    public final B table(ScoreTable table) {
        this.table = table;
        return self();
    }

    /**
     * The weighting.
     *
     * @param who needs it, for the message: "a head needs"
     * @throws InvalidArgumentException if none was set
     */
    protected final Weighting requireWeighting(String who) {
        if (weighting == null) throw new InvalidArgumentException(who + " a weighting, but none was given");
        return weighting;
    }

    /** Which parameters' gradients are weighted. */
    protected final Calibration calibration() {
        return calibration;
    }

    /** The score table; null if there is none. */
    protected final @Nullable ScoreTable table() {
        return table;
    }
}
