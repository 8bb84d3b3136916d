package org.gradmimic.layer;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A parameter that is added to every sample and to whatever places it is broadcast over: a bias, a position embedding. Its
 * gradient is the sum of δ over those places.
 *
 * @param shape the parameter's
 * @param broadcast its shape as it meets one sample's output
 */
record BroadcastRule(long[] shape, long[] broadcast) implements MaterialisedRule {
    /** A bias of the last dimension, or a parameter that is broadcast from the right. */
    static BroadcastRule trailing(long[] shape) {
        return new BroadcastRule(shape, shape);
    }

    /** The bias of channels, the second dimension of an output of that rank. */
    static BroadcastRule channels(long channels, int rank) {
        return new BroadcastRule(new long[] {channels}, channelsFirst(channels, rank));
    }

    /** [C,1,...], as channels meet one sample of a tensor of that rank. */
    static long[] channelsFirst(long channels, int rank) {
        long[] broadcast = new long[rank - 1];
        Arrays.fill(broadcast, 1);
        broadcast[0] = channels;
        return broadcast;
    }

    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        return v.reshape(broadcast);
    }

    @Override
    public Tensor perSample(@Nullable Tensor activations, Tensor outputGradients) {
        return summed(outputGradients, broadcast, shape);
    }

    /**
     * x [B,...] summed over what a parameter was broadcast over, for each sample: [B, shape].
     *
     * @param broadcast the parameter's shape as it met the sample's; a batch of one in front of it is left out
     */
    static Tensor summed(Tensor x, long[] broadcast, long[] shape) {
        int rank = (int) x.dim() - 1;
        // A parameter may carry the batch's dimension itself, of one: [1,T,D].
        int surplus = Math.max(0, broadcast.length - rank);
        long[] target = new long[rank + 1];
        target[0] = x.size(0);
        for (int d = 0; d < rank; d++) {
            int from = broadcast.length - rank + d;
            target[d + 1] = from < surplus ? 1 : broadcast[from];
        }
        Tensor wide = x.to(LayerKernels.sumType(x));
        long[] result = new long[shape.length + 1];
        result[0] = x.size(0);
        System.arraycopy(shape, 0, result, 1, shape.length);
        return torch.sum_to(wide, target).reshape(result);
    }
}
