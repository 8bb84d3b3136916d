package org.gradmimic;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;

/** What the gradients of a head's samples are compared with. */
public sealed interface DirectionSource {
    /** Nothing: for weights that need no direction ({@code uniform}, {@code grand}, {@code rho}). */
    record None() implements DirectionSource {}

    /**
     * V = c · θ_ref − θ, computed at every step: the mimic score, with c = 1. With several references, each gives a
     * score.
     *
     * @param weights [K] of [C,D] float, the weights of the reference heads
     * @param combination which score determines the weight
     * @param scale c, at least 1. A reference that was trained only briefly has a small norm; the model overtakes it,
     *     and V then points back. A scale above 1 keeps it ahead of the model
     */
    record Reference(List<Tensor> weights, ReferenceCombination combination, double scale) implements DirectionSource {
        public Reference {
            if (weights.isEmpty()) throw new InvalidArgumentException("there is no reference weight");
            if (!(scale >= 1 && scale < Double.POSITIVE_INFINITY)) {
                throw new InvalidArgumentException("the reference scale is " + scale + "; it must be at least 1");
            }
            weights = List.copyOf(weights);
            combination.check(weights.size());
        }
    }

    /**
     * The mean gradient of another batch under the current head. AGRA draws the batch at every step; influence always
     * uses the same few clean samples.
     */
    record Comparison(Supplier<HeadBatch> batch) implements DirectionSource {}

    /** The mean gradient of the batch itself (Grad-Match). */
    record OwnMean() implements DirectionSource {}

    /** {@return no direction, as {@link None} says} */
    static DirectionSource none() {
        return new None();
    }

    /**
     * {@return V = W_ref − W of one reference head}
     *
     * @param weight [C,D] float, the weight of the reference head
     */
    static DirectionSource reference(Tensor weight) {
        return reference(weight, 1);
    }

    /**
     * {@return V = c · W_ref − W of one reference head}
     *
     * @param weight [C,D] float, the weight of the reference head
     * @param scale c, at least 1; see {@link Reference}
     */
    static DirectionSource reference(Tensor weight, double scale) {
        return new Reference(List.of(weight), ReferenceCombination.one(0), scale);
    }

    /** {@return the directions of several reference heads, as {@link Reference} says} */
    static DirectionSource references(List<Tensor> weights, ReferenceCombination combination) {
        return new Reference(weights, combination, 1);
    }

    /**
     * {@return the mean gradient of other batches, as {@link Comparison} says}
     *
     * @param batch called for a batch at every step
     */
    static DirectionSource comparison(Supplier<HeadBatch> batch) {
        return new Comparison(batch);
    }

    /** {@return the mean gradient of the batch itself, as {@link OwnMean} says} */
    static DirectionSource ownMean() {
        return new OwnMean();
    }
}
