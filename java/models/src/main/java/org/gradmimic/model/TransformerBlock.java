package org.gradmimic.model;

import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.layer.Layers;
import org.jspecify.annotations.Nullable;

/**
 * A pre-norm transformer block: x + attention(norm x), then y + MLP(norm y) of that result y. Vision transformers and
 * CLIP share it under different names.
 *
 * @param width D
 * @param hidden width of the MLP
 * @param heads of attention, a divisor of D
 * @param epsilon of both norms
 * @param activation within the MLP
 * @param causal whether a token attends only to itself and the tokens before it
 * @param layerScale whether both branches are scaled, feature by feature
 * @param names of its layers
 */
record TransformerBlock(
        int width,
        int hidden,
        int heads,
        double epsilon,
        Activation activation,
        boolean causal,
        boolean layerScale,
        Names names) {
    /** The suffixes of layer names, after the name of the block. */
    record Names(String attention, String first, String second) {
        /** torchvision's names: an MLP of Linear, GELU, Dropout, Linear, Dropout. */
        static final Names TORCHVISION = new Names(".self_attention", ".mlp.0", ".mlp.3");

        static final Names OPEN_CLIP = new Names(".attn", ".mlp.c_fc", ".mlp.c_proj");
    }

    /** The activation function of an MLP. */
    enum Activation {
        GELU {
            @Override
            Tensor apply(Tensor x) {
                return torch.gelu(x);
            }
        },
        /** x · sigmoid(1.702 x), of OpenAI's CLIP. */
        QUICK_GELU {
            @Override
            Tensor apply(Tensor x) {
                return x.mul(x.mul(new Scalar(1.702)).sigmoid_());
            }
        };

        abstract Tensor apply(Tensor x);
    }

    void describe(StateDict stateDict, String name) {
        stateDict.layerNorm(name + ".ln_1", width).attention(name + names.attention, width);
        if (layerScale) stateDict.parameter(name + ".ls_1.gamma", width);
        stateDict
                .layerNorm(name + ".ln_2", width)
                .linear(name + names.first, width, hidden)
                .linear(name + names.second, hidden, width);
        if (layerScale) stateDict.parameter(name + ".ls_2.gamma", width);
    }

    /**
     * @param x [B,T,D]
     * @param pool for the last block: selects the tokens that are used after it, [B,t,D] of [B,T,D]. Everything after
     *     the attention is then computed for these tokens alone. The result and all gradients are the same, because the
     *     gradients of the other tokens are 0. null: all tokens
     * @return [B,T,D], or [B,t,D]
     */
    Tensor forward(Layers layers, String name, Tensor x, @Nullable UnaryOperator<Tensor> pool) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor mixed = attention(layers, name + names.attention, layers.layerNorm(name + ".ln_1", x, epsilon));
            Tensor kept = x;
            if (pool != null) {
                mixed = pool.apply(mixed);
                kept = pool.apply(x);
            }
            mixed = layers.linear(name + names.attention + ".out_proj", mixed);
            Tensor h = kept.add(scaled(layers, name + ".ls_1.gamma", mixed));
            Tensor inner =
                    activation.apply(layers.linear(name + names.first, layers.layerNorm(name + ".ln_2", h, epsilon)));
            Tensor outer = layers.linear(name + names.second, inner);
            result.put(h.add(scaled(layers, name + ".ls_2.gamma", outer)));
        }
        return result;
    }

    private Tensor scaled(Layers layers, String name, Tensor x) {
        return layerScale ? layers.scale(name, x) : x;
    }

    /** [B,T,D] to [B,T,D], before the output projection. */
    private Tensor attention(Layers layers, String name, Tensor x) {
        long batch = x.size(0);
        long tokens = x.size(1);
        Tensor packed = layers.inProjection(name, x)
                .reshape(batch, tokens, 3, heads, width / heads)
                .permute(2, 0, 3, 1, 4);
        return layers.attention(packed.select(0, 0), packed.select(0, 1), packed.select(0, 2), causal)
                .transpose(1, 2)
                .reshape(batch, tokens, width);
    }
}
