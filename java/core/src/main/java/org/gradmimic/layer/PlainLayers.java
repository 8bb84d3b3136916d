package org.gradmimic.layer;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/** Computes with LibTorch's own operations and autograd; records nothing. */
public final class PlainLayers implements Layers {
    private static final long[] ONE = {1, 1};

    /** The weight of the batch's statistics in the running ones: torch's default. */
    static final double MOMENTUM = 0.1;

    private final Parameters parameters;
    private final boolean training;

    /**
     * @param parameters of the model; the caller closes them
     * @param training see {@link #training()}
     */
    public PlainLayers(Parameters parameters, boolean training) {
        this.parameters = parameters;
        this.training = training;
    }

    static TensorOptional optional(@Nullable Tensor tensor) {
        return tensor == null ? new TensorOptional() : new TensorOptional(tensor);
    }

    @Override
    public Tensor linear(String name, Tensor x) {
        return torch.linear(x, parameters.tensor(name + ".weight"), optional(parameters.find(name + ".bias")));
    }

    @Override
    public Tensor matmul(String parameter, Tensor x) {
        return torch.matmul(x, parameters.tensor(parameter));
    }

    @Override
    public Tensor inProjection(String name, Tensor x) {
        return torch.linear(
                x, parameters.tensor(name + ".in_proj_weight"), optional(parameters.find(name + ".in_proj_bias")));
    }

    @Override
    public Tensor attention(Tensor query, Tensor key, Tensor value, boolean causal) {
        return torch.scaled_dot_product_attention(
                query, key, value, new TensorOptional(), 0, causal, new DoubleOptional(), false);
    }

    @Override
    public Tensor conv2d(String name, Tensor x, long[] stride, long[] padding) {
        return torch.conv2d(
                x,
                parameters.tensor(name + ".weight"),
                optional(parameters.find(name + ".bias")),
                stride,
                padding,
                ONE,
                1);
    }

    @Override
    public Tensor layerNorm(String name, Tensor x, double epsilon) {
        return torch.layer_norm(
                x,
                new long[] {x.size(-1)},
                optional(parameters.tensor(name + ".weight")),
                optional(parameters.find(name + ".bias")),
                epsilon,
                false);
    }

    @Override
    public Tensor batchNorm(String name, Tensor x, double epsilon) {
        return torch.batch_norm(
                x,
                optional(parameters.tensor(name + ".weight")),
                optional(parameters.tensor(name + ".bias")),
                optional(parameters.tensor(name + ".running_mean")),
                optional(parameters.tensor(name + ".running_var")),
                training,
                MOMENTUM,
                epsilon,
                false);
    }

    @Override
    public Tensor embedding(String name, Tensor ids) {
        return torch.embedding(parameters.tensor(name + ".weight"), ids);
    }

    @Override
    public Tensor add(String parameter, Tensor x) {
        return x.add(parameters.tensor(parameter));
    }

    @Override
    public Tensor scale(String parameter, Tensor x) {
        return x.mul(parameters.tensor(parameter));
    }

    @Override
    public Tensor prependToken(String parameter, Tensor x) {
        return torch.cat(new TensorVector(token(parameters.tensor(parameter), x), x), 1);
    }

    /** A parameter of D elements as one token of every sample, [B,1,D]. */
    static Tensor token(Tensor parameter, Tensor x) {
        if (x.dim() != 3 || parameter.numel() != x.size(2)) {
            throw new InvalidArgumentException("a token of the shape " + Tensors.shape(parameter)
                    + " does not fit in front of tokens of the shape " + Tensors.shape(x));
        }
        return parameter.reshape(1, 1, -1).expand(x.size(0), 1, x.size(2));
    }

    @Override
    public Tensor scalar(String parameter) {
        return parameters.tensor(parameter);
    }

    @Override
    public Tensor boundary(Tensor x) {
        return x;
    }

    @Override
    public boolean training() {
        return training;
    }
}
