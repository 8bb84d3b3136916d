package org.gradmimic.tap;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tap whose parameter is no larger than the layer's output of one sample, so that the gradients of all samples side by side
 * take no more memory than δ does: they are formed, once, and everything follows from them.
 */
interface SmallTap extends Tap {
    /** g_i, [B, the parameter's shape], in float at least; may be δ itself. */
    Tensor perSample(@Nullable Tensor input, Tensor delta);

    @Override
    default Tensor dot(TapKernels kernels, @Nullable Tensor input, Tensor delta, Tensor v) {
        return kernels.projectedDot(perSample(input, delta), v);
    }

    @Override
    default Tensor normSquared(TapKernels kernels, @Nullable Tensor input, Tensor delta) {
        return kernels.rowNormsSquared(perSample(input, delta));
    }

    @Override
    default Tensor gradient(@Nullable Tensor input, Tensor delta) {
        return perSample(input, delta).sum(0);
    }

    @Override
    default Tensor gradient(@Nullable Tensor input, Tensor delta, Tensor weights) {
        return weighted(perSample(input, delta), weights);
    }

    /** Σ_i w_i g_i of gradients side by side. */
    static Tensor weighted(Tensor perSample, Tensor weights) {
        long[] shape = new long[(int) perSample.dim() - 1];
        long elements = 1;
        for (int d = 0; d < shape.length; d++) elements *= shape[d] = perSample.size(d + 1);
        Tensor rows = perSample.reshape(perSample.size(0), elements);
        Tensor sum = weights.to(rows.scalar_type()).unsqueeze(0).mm(rows);
        return sum.reshape(shape);
    }
}
