package org.gradmimic.tap;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A class token, put in front of the others: its gradient is δ of the first token.
 *
 * @param shape the parameter's, D elements in all
 * @param tokens T+1, with the class token
 */
record TokenTap(long[] shape, long tokens) implements SmallTap {
    @Override
    public Tensor tangent(@Nullable Tensor input, Tensor v) {
        Tensor first = v.reshape(1, -1);
        return torch.cat(new TensorVector(first, first.new_zeros(tokens - 1, first.size(1))), 0);
    }

    @Override
    public Tensor perSample(@Nullable Tensor input, Tensor delta) {
        long[] result = new long[shape.length + 1];
        result[0] = delta.size(0);
        System.arraycopy(shape, 0, result, 1, shape.length);
        return delta.narrow(1, 0, 1).to(TapKernels.sumType(delta)).reshape(result);
    }
}
