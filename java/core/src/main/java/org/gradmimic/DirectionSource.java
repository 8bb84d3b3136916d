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
     * V = θ_ref − θ, computed at every step: the mimic score. With several references, each gives a score.
     *
     * @param weights [K] of [C,D] float, the weights of the reference heads
     * @param combination which score determines the weight
     */
    record Reference(List<Tensor> weights, ReferenceCombination combination) implements DirectionSource {
        public Reference {
            if (weights.isEmpty()) throw new InvalidArgumentException("there is no reference weight");
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
        return new Reference(List.of(weight), ReferenceCombination.one(0));
    }

    /** {@return the directions of several reference heads, as {@link Reference} says} */
    static DirectionSource references(List<Tensor> weights, ReferenceCombination combination) {
        return new Reference(weights, combination);
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
