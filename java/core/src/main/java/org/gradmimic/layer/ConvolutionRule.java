package org.gradmimic.layer;

import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.jspecify.annotations.Nullable;

/**
 * The weight [O,I/groups,h,w] of a two-dimensional convolution. ⟨g_i, v⟩ is a convolution with v as the weight; norms go
 * through unfolded patches where their Gram matrices are cheaper than the gradient of one sample at a time.
 *
 * @param weight the layer's own, [O,I/groups,h,w]
 */
record ConvolutionRule(Tensor weight, long[] stride, long[] padding, long[] dilation, long groups)
        implements GradientRule {
    /** Elements of unfolded patches at once: 64 MiB of floats. */
    private static final long UNFOLDED = 1 << 24;

    private static final long[] NO_OUTPUT_PADDING = {0, 0};

    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        Tensor a = GradientRule.required(activations);
        return torch.conv2d(a, v.to(a.scalar_type()), new TensorOptional(), stride, padding, dilation, groups);
    }

    @Override
    public Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        long[] weightShape = Tensors.sizes(weight);
        long patch = weightShape[1] * weightShape[2] * weightShape[3];
        long places = outputGradients.size(2) * outputGradients.size(3);
        if (groups != 1 || places * (weightShape[0] + patch) > weightShape[0] * patch) {
            return GradientRule.super.normSquared(kernels, activations, outputGradients);
        }
        Tensor a = GradientRule.required(activations);
        long rows = outputGradients.size(0);
        long step = Math.max(1, UNFOLDED / Math.max(1, patch * places));
        Tensor norms = kernels.result(outputGradients, rows);
        long[] kernel = {weightShape[2], weightShape[3]};
        for (long at = 0; at < rows; at += step) {
            long n = Math.min(step, rows - at);
            Tensor patches = torch.im2col(a.narrow(0, at, n), kernel, dilation, padding, stride)
                    .transpose(1, 2)
                    .contiguous();
            Tensor part = outputGradients
                    .narrow(0, at, n)
                    .flatten(2, -1)
                    .transpose(1, 2)
                    .contiguous();
            norms.narrow(0, at, n).copy_(kernels.ghostNorm(patches, part));
        }
        return norms;
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients) {
        Tensor a = GradientRule.required(activations).detach().to(outputGradients.scalar_type());
        // Its values don't matter; one in its place that is laid out otherwise would be copied.
        Tensor like = weight.detach().to(outputGradients.scalar_type());
        try (BoolPointer mask = new BoolPointer(3)) {
            mask.put(0, false).put(1, true).put(2, false);
            return torch.convolution_backward(
                            outputGradients,
                            a,
                            like,
                            new LongArrayRefOptional(),
                            stride,
                            padding,
                            dilation,
                            false,
                            NO_OUTPUT_PADDING,
                            groups,
                            mask)
                    .get1();
        }
    }
}
