package org.gradmimic.layer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.internal.OneThread;
import org.gradmimic.layer.Recorder.LayerParameter;
import org.jspecify.annotations.Nullable;

/**
 * The calls of the layers of a model: each computes a layer's output and gives the record what the gradient rules of its
 * parameters need. {@code layer} is the layer's name in messages; x [B,...].
 */
final class LayerCalls {
    private final Device device;
    private final Recorder recorder;
    private final OneThread thread;
    private final LinearRule linearRule;

    /** Whether the layers called from now on are above a mimic layer, in the tower that is being computed. */
    private boolean aboveMimic;

    /** @param thread of the recording layers, which a call that records is a call of */
    LayerCalls(Device device, Recorder recorder, OneThread thread) {
        this.device = device;
        this.recorder = recorder;
        this.thread = thread;
        linearRule = new LinearRule(!device.asynchronous());
    }

    boolean aboveMimic() {
        return aboveMimic;
    }

    /** Another forward pass begins. */
    void begin() {
        aboveMimic = false;
    }

    private Tensor record(String layer, @Nullable Tensor x, Tensor output, @Nullable LayerParameter... parts) {
        // A tensor that depends on no parameter yet is an input of the model: another tower begins.
        if (x == null || !x.requires_grad()) aboveMimic = false;
        thread.enter();
        Tensor recorded;
        try {
            recorded = recorder.record(layer, output, parts);
        } finally {
            thread.leave();
        }
        for (LayerParameter part : parts)
            aboveMimic |= part != null && part.parameter().mimic();
        return recorded;
    }

    private static @Nullable LayerParameter bias(@Nullable ModelParameter parameter) {
        if (parameter == null) return null;
        return new LayerParameter(parameter, () -> BroadcastRule.trailing(Tensors.sizes(parameter.live())), null);
    }

    /** @param output that the layer was called for, [B,C,...] */
    private static @Nullable LayerParameter channelBias(@Nullable ModelParameter parameter, Tensor output) {
        if (parameter == null) return null;
        return new LayerParameter(parameter, () -> BroadcastRule.channels(output.size(1), (int) output.dim()), null);
    }

    private static @Nullable Tensor live(@Nullable ModelParameter parameter) {
        return parameter == null ? null : parameter.live();
    }

    /** x Wᵀ + b; x [B,...,I]. */
    Tensor linear(String layer, Tensor x, ModelParameter weight, @Nullable ModelParameter bias) {
        Tensor input = Autocast.operand(device, x);
        Tensor output = torch.linear(input, weight.live(), PlainLayers.optional(live(bias)));
        return record(layer, x, output, new LayerParameter(weight, () -> linearRule, input), bias(bias));
    }

    /** x P; x [B,...,I]. */
    Tensor matmul(String layer, Tensor x, ModelParameter matrix) {
        Tensor input = Autocast.operand(device, x);
        Tensor output = torch.matmul(input, matrix.live());
        return record(layer, x, output, new LayerParameter(matrix, () -> new MatrixRule(linearRule), input));
    }

    /** Stride, padding and dilation of a convolution, two numbers each, and its groups. */
    record Convolution(long[] stride, long[] padding, long[] dilation, long groups) {}

    /** A convolution; x [B,I,H,W]. */
    Tensor conv2d(String layer, Tensor x, ModelParameter weight, @Nullable ModelParameter bias, Convolution settings) {
        Tensor input = Autocast.operand(device, x);
        long[] stride = settings.stride();
        long[] padding = settings.padding();
        long[] dilation = settings.dilation();
        long groups = settings.groups();
        Tensor output =
                torch.conv2d(input, weight.live(), PlainLayers.optional(live(bias)), stride, padding, dilation, groups);
        return record(
                layer,
                x,
                output,
                new LayerParameter(
                        weight, () -> new ConvolutionRule(weight.live(), stride, padding, dilation, groups), input),
                channelBias(bias, output));
    }

    /**
     * Normalisation over the trailing dimensions.
     *
     * @param shape of those dimensions
     */
    Tensor layerNorm(
            String layer,
            Tensor x,
            ModelParameter weight,
            @Nullable ModelParameter bias,
            long[] shape,
            double epsilon) {
        Tensor output = torch.layer_norm(
                x, shape, PlainLayers.optional(weight.live()), PlainLayers.optional(live(bias)), epsilon, false);
        return record(
                layer,
                x,
                output,
                new LayerParameter(weight, () -> AffineRule.layerNorm(shape, epsilon), x),
                bias(bias));
    }

    /**
     * The statistics by which batch normalisation has normalised.
     *
     * @param mean running mean [C]; null for the batch's own statistics
     * @param variance running variance [C]; null with {@code mean}
     */
    record Statistics(@Nullable Tensor mean, @Nullable Tensor variance, double epsilon) {}

    /**
     * Records batch normalisation, x [B,C,...].
     *
     * @param output of the layer, which has updated its running statistics
     */
    Tensor batchNorm(
            String layer,
            Tensor x,
            Tensor output,
            ModelParameter weight,
            @Nullable ModelParameter bias,
            Statistics statistics) {
        return record(
                layer,
                x,
                output,
                new LayerParameter(
                        weight,
                        () -> AffineRule.batchNorm(
                                x.size(1),
                                (int) x.dim(),
                                statistics.mean(),
                                statistics.variance(),
                                statistics.epsilon()),
                        x),
                channelBias(bias, output));
    }

    /**
     * Rows of an embedding.
     *
     * @param ids [B,...] long
     * @param paddingIndex the row that gets no gradient; -1 for none
     */
    Tensor embedding(String layer, Tensor ids, ModelParameter weight, long paddingIndex) {
        Tensor output = torch.embedding(weight.live(), ids, paddingIndex, false, false);
        return record(
                layer,
                null,
                output,
                new LayerParameter(weight, () -> new EmbeddingRule(weight.live().size(0), paddingIndex), ids));
    }

    /** x + p. */
    Tensor add(String layer, Tensor x, ModelParameter summand) {
        return record(layer, x, x.add(summand.live()), bias(summand));
    }

    /** x ⊙ p. */
    Tensor scale(String layer, Tensor x, ModelParameter factor) {
        Tensor output = x.mul(factor.live());
        return record(
                layer, x, output, new LayerParameter(factor, () -> AffineRule.scale(Tensors.sizes(factor.live())), x));
    }

    /** The parameter as a token in front of x [B,T,D]. */
    Tensor prependToken(String layer, Tensor x, ModelParameter token) {
        Tensor output = torch.cat(new TensorVector(PlainLayers.token(token.live(), x), x), 1);
        return record(
                layer,
                x,
                output,
                new LayerParameter(token, () -> new TokenRule(Tensors.sizes(token.live()), output.size(1)), null));
    }

    /** A parameter of one element that applies to the whole batch. It ends no tower. */
    Tensor scalar(String layer, ModelParameter value) {
        return recorder.record(
                layer,
                value.live().view_as(value.live()),
                new LayerParameter(value, () -> new ScalarRule(value.name()), null));
    }

    /**
     * Attention by plain products, because LibTorch's fused kernels have no second derivative, which an exact
     * contrastive score needs.
     */
    static Tensor attentionByProducts(Tensor query, Tensor key, Tensor value, boolean causal) {
        Tensor scores = query.mul(new Scalar(1 / Math.sqrt(query.size(-1)))).matmul(key.transpose(-2, -1));
        if (causal) {
            Tensor later = torch.ones_like(scores.detach().select(0, 0).select(0, 0))
                    .triu(1)
                    .to(torch.ScalarType.Bool);
            scores = scores.masked_fill(later, new Scalar(Double.NEGATIVE_INFINITY));
        }
        return scores.softmax(-1).matmul(value);
    }
}
