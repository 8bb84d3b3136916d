package org.gradmimic.tap;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The factor of a norm or scale layer, y = x̂ ⊙ w: its gradient is δ ⊙ x̂, summed over what w is broadcast over. x̂ is made
 * again from the layer's input: kept, it would be one more activation in memory.
 *
 * @param shape the parameter's
 * @param broadcast its shape as it meets one sample's output
 * @param normalise x̂ of x
 */
record AffineTap(long[] shape, long[] broadcast, UnaryOperator<Tensor> normalise) implements SmallTap {
    /** x ⊙ w itself. */
    static AffineTap scale(long[] shape) {
        return new AffineTap(shape, shape, x -> x);
    }

    /** Normalisation over the trailing dimensions, which are the parameter's. */
    static AffineTap layerNorm(long[] shape, double epsilon) {
        return new AffineTap(
                shape,
                shape,
                x -> torch.layer_norm(
                        x.to(TapKernels.sumType(x)),
                        shape,
                        new TensorOptional(),
                        new TensorOptional(),
                        epsilon,
                        false));
    }

    /**
     * Normalisation of channels.
     *
     * @param rank of the layer's input
     * @param mean running mean; null to normalise by the batch's own statistics
     * @param variance running variance; null with {@code mean}
     */
    static AffineTap batchNorm(
            long channels, int rank, @Nullable Tensor mean, @Nullable Tensor variance, double epsilon) {
        return new AffineTap(
                new long[] {channels},
                BroadcastTap.channelsFirst(channels, rank),
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
    public Tensor tangent(@Nullable Tensor input, Tensor v) {
        return normalise.apply(input).mul(v.reshape(broadcast));
    }

    @Override
    public Tensor perSample(@Nullable Tensor input, Tensor delta) {
        Tensor wide = delta.to(TapKernels.sumType(delta));
        return BroadcastTap.summed(normalise.apply(input.detach()).mul(wide), broadcast, shape);
    }
}
