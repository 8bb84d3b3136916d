package org.gradmimic;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/** What a head's samples are compared with. */
public sealed interface DirectionSource {
    /** Nothing: for weights that need no direction ({@code uniform}, {@code grand}, {@code rho}). */
    record None() implements DirectionSource {}

    /**
     * V = θ_ref − θ, taken afresh at every step: the mimic score.
     *
     * @param weight [C,D] float, the reference head's weight
     */
    record Reference(Tensor weight) implements DirectionSource {}

    /**
     * The mean gradient of another batch under the present head, drawn anew at every step (AGRA) or always the same few
     * clean samples (influence).
     */
    record Comparison(Supplier<HeadBatch> batch) implements DirectionSource {}

    /** The mean gradient of the batch itself (Grad-Match). */
    record OwnMean() implements DirectionSource {}

    static DirectionSource none() {
        return new None();
    }

    static DirectionSource reference(Tensor weight) {
        return new Reference(weight);
    }

    static DirectionSource comparison(Supplier<HeadBatch> batch) {
        return new Comparison(batch);
    }

    static DirectionSource ownMean() {
        return new OwnMean();
    }
}
