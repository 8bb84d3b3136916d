package org.gradmimic.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.EmbeddingImpl;
import org.bytedeco.pytorch.EmbeddingOptions;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LayerNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LinearOptions;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** A model of one layer with random parameters, called through recording layers or as autograd alone would. */
final class OneLayer implements AutoCloseable {
    /** Every call that can be recorded, in the geometries and with the options it may have. */
    enum Kind {
        LINEAR {
            @Override
            OneLayer make() {
                return linear(true);
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 7);
            }
        },
        LINEAR_WITHOUT_BIAS_OF_TOKENS {
            @Override
            OneLayer make() {
                return linear(false);
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 3, 2, 7);
            }
        },
        MATMUL {
            @Override
            OneLayer make() {
                return named(Map.of("p", torch.randn(7, 5)), (layers, x) -> layers.matmul("p", x));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 2, 3, 7);
            }
        },
        IN_PROJECTION {
            @Override
            OneLayer make() {
                return named(
                        Map.of("a.in_proj_weight", torch.randn(9, 3), "a.in_proj_bias", torch.randn(9)),
                        (layers, x) -> layers.inProjection("a", x));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 5, 3);
            }
        },
        CONVOLUTION {
            @Override
            OneLayer make() {
                return conv(options(3, 4, 3, 2, 1), new long[] {2, 3}, new long[] {1, 2}, new long[] {2, 1});
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 3, 7, 9);
            }
        },
        /** Few places and large patches: norms by Gram matrices of unfolded patches. */
        CONVOLUTION_BY_PATCHES {
            @Override
            OneLayer make() {
                return conv(options(4, 5, 3, 3, 1), new long[] {2, 2}, new long[] {1, 1}, new long[] {2, 2});
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 4, 5, 5);
            }
        },
        CONVOLUTION_IN_GROUPS {
            @Override
            OneLayer make() {
                Conv2dOptions options = options(4, 6, 2, 3, 2);
                options.bias().put(false);
                return conv(options, new long[] {1, 1}, new long[] {0, 1}, new long[] {1, 1});
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 4, 5, 3);
            }
        },
        CONVOLUTION_DEPTHWISE {
            @Override
            OneLayer make() {
                return conv(options(3, 6, 3, 3, 3), new long[] {2, 1}, new long[] {1, 1}, new long[] {1, 2});
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 3, 5, 7);
            }
        },
        LAYER_NORM {
            @Override
            OneLayer make() {
                LayerNormOptions options = new LayerNormOptions(new LongVector(3, 5));
                options.eps().put(1e-3);
                LayerNormImpl norm = new LayerNormImpl(options);
                return of(norm, (layers, x) -> layers == null ? norm.forward(x) : layers.layerNorm(norm, x));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 2, 3, 5);
            }
        },
        LAYER_NORM_WITHOUT_SHIFT {
            @Override
            OneLayer make() {
                return named(Map.of("n.weight", torch.randn(5)), (layers, x) -> layers.layerNorm("n", x, 1e-5));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 5);
            }
        },
        BATCH_NORM {
            @Override
            OneLayer make() {
                BatchNormOptions options = new BatchNormOptions(3);
                options.eps().put(1e-2);
                BatchNorm2dImpl norm = new BatchNorm2dImpl(options);
                norm.eval();
                return of(norm, (layers, x) -> layers == null ? norm.forward(x) : layers.batchNorm(norm, x));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 3, 5, 1);
            }
        },
        BATCH_NORM_OF_VECTORS {
            @Override
            OneLayer make() {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                for (String name : new String[] {"weight", "bias", "running_mean", "running_var"})
                    tensors.put("n." + name, torch.randn(7));
                return named(tensors, (layers, x) -> layers.batchNorm("n", x, 1e-5));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 7);
            }
        },
        EMBEDDING {
            @Override
            OneLayer make() {
                return embedding(null);
            }

            @Override
            Tensor input(int rows) {
                return torch.randint(0, 5, new long[] {rows, 6}).to(ScalarType.Long);
            }
        },
        EMBEDDING_WITH_PADDING {
            @Override
            OneLayer make() {
                return embedding(2L);
            }

            /** Ids that occur again in a sample, padding among them. */
            @Override
            Tensor input(int rows) {
                return torch.randint(0, 3, new long[] {rows, 2, 4}).to(ScalarType.Long);
            }

            @Override
            boolean derivative() {
                return false;
            }
        },
        /** One id a sample. */
        EMBEDDING_OF_CLASSES {
            @Override
            OneLayer make() {
                return named(Map.of("e.weight", torch.randn(5, 3)), (layers, x) -> layers.embedding("e", x));
            }

            @Override
            Tensor input(int rows) {
                return torch.randint(0, 5, new long[] {rows}).to(ScalarType.Long);
            }
        },
        ADD_TO_EVERY_PLACE {
            @Override
            OneLayer make() {
                return broadcast(Layers::add);
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 4, 3);
            }
        },
        SCALE_EVERY_PLACE {
            @Override
            OneLayer make() {
                return broadcast(Layers::scale);
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 4, 3);
            }
        },
        PREPEND_TOKEN {
            @Override
            OneLayer make() {
                return named(
                        Map.of("t", torch.randn(1, 1, 3), "u", torch.randn(3)),
                        (layers, x) -> layers.prependToken("u", layers.prependToken("t", x)));
            }

            @Override
            Tensor input(int rows) {
                return torch.randn(rows, 3, 3);
            }
        };

        abstract OneLayer make();

        /** Of random features, or ids. */
        abstract Tensor input(int rows);

        /** Whether a gradient is the derivative: to a padding row autograd gives none, though the loss depends on it. */
        boolean derivative() {
            return true;
        }
    }

    /** The parameters' names, and how they meet the output. */
    @FunctionalInterface
    interface Forward {
        /** @param layers null to compute as autograd alone would */
        Tensor of(@Nullable RecordingLayers layers, Tensor x);
    }

    final Parameters parameters;
    private final Forward forward;

    /** Its conversion reaches the layer and the parameters both. */
    private final @Nullable Module module;

    private OneLayer(Parameters parameters, @Nullable Module module, Forward forward) {
        this.parameters = parameters;
        this.module = module;
        this.forward = forward;
    }

    static OneLayer of(Module module, Forward forward) {
        return new OneLayer(Parameters.of(module), module, forward);
    }

    private static OneLayer named(Map<String, Tensor> tensors, BiFunction<Layers, Tensor, Tensor> call) {
        tensors.forEach((name, tensor) -> tensor.set_requires_grad(!name.contains("running")));
        Parameters parameters = Parameters.of(tensors);
        return new OneLayer(
                parameters,
                null,
                (layers, x) -> call.apply(layers == null ? new PlainLayers(parameters, false) : layers, x));
    }

    private static OneLayer linear(boolean bias) {
        LinearOptions options = new LinearOptions(7, 5);
        options.bias().put(bias);
        LinearImpl linear = new LinearImpl(options);
        return of(linear, (layers, x) -> layers == null ? linear.forward(x) : layers.linear(linear, x));
    }

    static Conv2dOptions options(long from, long to, long height, long width, long groups) {
        Conv2dOptions options = new Conv2dOptions(from, to, new LongPointer(height, width));
        options.groups().put(groups);
        return options;
    }

    private static OneLayer conv(Conv2dOptions options, long[] stride, long[] padding, long[] dilation) {
        options.stride().put(stride);
        options.padding().put(new LongPointer(padding));
        options.dilation().put(dilation);
        Conv2dImpl conv = new Conv2dImpl(options);
        return of(conv, (layers, x) -> layers == null ? conv.forward(x) : layers.conv2d(conv, x));
    }

    private static OneLayer embedding(@Nullable Long padding) {
        EmbeddingOptions options = new EmbeddingOptions(5, 3);
        if (padding != null) options.padding_idx().put(new LongOptional(padding));
        EmbeddingImpl embedding = new EmbeddingImpl(options);
        return of(embedding, (layers, x) -> layers == null ? embedding.forward(x) : layers.embedding(embedding, x));
    }

    @FunctionalInterface
    private interface Broadcast {
        Tensor of(Layers layers, String parameter, Tensor x);
    }

    /** Shapes that a parameter may be broadcast from to [B,4,3]. */
    private static OneLayer broadcast(Broadcast operation) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("number", torch.randn(new long[] {}));
        tensors.put("one", torch.randn(1));
        tensors.put("features", torch.randn(3));
        tensors.put("tokens", torch.randn(4, 1));
        tensors.put("both", torch.randn(4, 3));
        tensors.put("batch", torch.randn(1, 4, 3));
        return named(tensors, (layers, x) -> {
            Tensor y = x;
            for (String name : tensors.keySet()) y = operation.of(layers, name, y);
            return y;
        });
    }

    /** Other parameters, and running statistics, in this type. */
    OneLayer random(ScalarType type) {
        to(type);
        try (NoGradGuard guard = new NoGradGuard()) {
            for (String name : parameters.names()) {
                Tensor tensor = parameters.tensor(name);
                if (!tensor.is_floating_point()) continue;
                Tensor drawn = torch.randn(org.gradmimic.Tensors.sizes(tensor)).mul_(new Scalar(0.7));
                tensor.copy_(name.endsWith("running_var") ? drawn.abs_().add_(new Scalar(0.5)) : drawn);
            }
        }
        return this;
    }

    /** The numbers that another one of the kind has, in this type. */
    OneLayer copied(OneLayer from, ScalarType type) {
        to(type);
        try (NoGradGuard guard = new NoGradGuard()) {
            parameters.names().forEach(name -> parameters.tensor(name).copy_(from.parameters.tensor(name)));
        }
        return this;
    }

    private void to(ScalarType type) {
        if (module != null) {
            module.to(type, false);
            return;
        }
        for (Tensor tensor : parameters.tensors())
            tensor.set_data(tensor.detach().to(type));
    }

    List<String> trained() {
        return parameters.names().stream()
                .filter(name -> parameters.tensor(name).requires_grad())
                .toList();
    }

    /** ℓ_i [B], of all that left the layer. */
    Tensor losses(@Nullable RecordingLayers layers, Tensor x, Tensor labels) {
        Tensor y = forward.of(layers, x);
        ScalarType wide = y.scalar_type().intern() == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
        Tensor features = y.to(wide).tanh().flatten(1, -1);
        long width = features.size(1);
        Tensor readout =
                torch.arange(new Scalar(5 * width)).to(ScalarType.Double).sin().reshape(width, 5);
        return Losses.crossEntropy(features.matmul(readout.to(wide)), labels);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
