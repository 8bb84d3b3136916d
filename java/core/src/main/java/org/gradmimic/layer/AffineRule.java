package org.gradmimic.layer;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The factor of a norm or scale layer, y = x̂ ⊙ w: its gradient is δ ⊙ x̂, summed over what w is broadcast over. x̂ is made
 * again from the layer's activations: keeping it would take as much memory once more.
 *
 * @param shape the parameter's
 * @param broadcast its shape as it meets one sample's output
 * @param normalise x̂ of x
 */
record AffineRule(long[] shape, long[] broadcast, UnaryOperator<Tensor> normalise) implements MaterialisedRule {
    /** x ⊙ w itself. */
    static AffineRule scale(long[] shape) {
        return new AffineRule(shape, shape, x -> x);
    }

    /** Normalisation over the trailing dimensions, which are the parameter's. */
    static AffineRule layerNorm(long[] shape, double epsilon) {
        return new AffineRule(
                shape,
                shape,
                x -> torch.layer_norm(
                        x.to(LayerKernels.sumType(x)),
                        shape,
                        new TensorOptional(),
                        new TensorOptional(),
                        epsilon,
                        false));
    }

    /**
     * Normalisation of channels.
     *
     * @param rank number of dimensions of the layer's activations
     * @param mean running mean; null to normalise by the batch's own statistics
     * @param variance running variance; null with {@code mean}
     */
    static AffineRule batchNorm(
            long channels, int rank, @Nullable Tensor mean, @Nullable Tensor variance, double epsilon) {
        return new AffineRule(
                new long[] {channels},
                BroadcastRule.channelsFirst(channels, rank),
                x -> torch.batch_norm(
                        x,
                        new TensorOptional(),
                        new TensorOptional(),
                        PlainLayers.optional(mean),
                        PlainLayers.optional(variance),
                        mean == null,
                        0,
                        epsilon,
                        false));
    }

    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        return normalise.apply(GradientRule.required(activations)).mul(v.reshape(broadcast));
    }

    @Override
    public Tensor perSample(@Nullable Tensor activations, Tensor outputGradients) {
        Tensor wide = outputGradients.to(LayerKernels.sumType(outputGradients));
        return BroadcastRule.summed(
                normalise.apply(GradientRule.required(activations).detach()).mul(wide), broadcast, shape);
    }
}
