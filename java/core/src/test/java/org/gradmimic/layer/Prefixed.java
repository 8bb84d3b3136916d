package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;

/** A part of a larger model: names begin with its prefix. */
record Prefixed(String prefix, Layers layers) implements Layers {
    @Override
    public Tensor linear(String name, Tensor x) {
        return layers.linear(prefix + name, x);
    }

    @Override
    public Tensor matmul(String parameter, Tensor x) {
        return layers.matmul(prefix + parameter, x);
    }

    @Override
    public Tensor inProjection(String name, Tensor x) {
        return layers.inProjection(prefix + name, x);
    }

    @Override
    public Tensor attention(Tensor query, Tensor key, Tensor value, boolean causal) {
        return layers.attention(query, key, value, causal);
    }

    @Override
    public Tensor conv2d(String name, Tensor x, long[] stride, long[] padding) {
        return layers.conv2d(prefix + name, x, stride, padding);
    }

    @Override
    public Tensor layerNorm(String name, Tensor x, double epsilon) {
        return layers.layerNorm(prefix + name, x, epsilon);
    }

    @Override
    public Tensor batchNorm(String name, Tensor x, double epsilon) {
        return layers.batchNorm(prefix + name, x, epsilon);
    }

    @Override
    public Tensor embedding(String name, Tensor ids) {
        return layers.embedding(prefix + name, ids);
    }

    @Override
    public Tensor add(String parameter, Tensor x) {
        return layers.add(prefix + parameter, x);
    }

    @Override
    public Tensor scale(String parameter, Tensor x) {
        return layers.scale(prefix + parameter, x);
    }

    @Override
    public Tensor prependToken(String parameter, Tensor x) {
        return layers.prependToken(prefix + parameter, x);
    }

    @Override
    public Tensor scalar(String parameter) {
        return layers.scalar(prefix + parameter);
    }

    @Override
    public Tensor boundary(Tensor x) {
        return x;
    }

    @Override
    public boolean training() {
        return layers.training();
    }
}
