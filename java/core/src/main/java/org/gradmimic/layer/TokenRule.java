package org.gradmimic.layer;

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
record TokenRule(long[] shape, long tokens) implements MaterialisedRule {
    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        Tensor first = v.reshape(1, -1);
        return torch.cat(new TensorVector(first, first.new_zeros(tokens - 1, first.size(1))), 0);
    }

    @Override
    public Tensor perSample(@Nullable Tensor activations, Tensor outputGradients) {
        long[] result = new long[shape.length + 1];
        result[0] = outputGradients.size(0);
        System.arraycopy(shape, 0, result, 1, shape.length);
        return outputGradients
                .narrow(1, 0, 1)
                .to(LayerKernels.sumType(outputGradients))
                .reshape(result);
    }
}
