package org.gradmimic.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;

/** Small random models that have every kind of layer among them, with a random reference. */
enum SmallModels {
    /** Images, a patch convolution, class token, position embedding, two blocks, a projection and a head. */
    VISION {
        @Override
        void parameters(Map<String, Tensor> to) {
            put(to, "conv.weight", 8, 3, 4, 4);
            put(to, "conv.bias", 8);
            put(to, "token", 1, 1, 8);
            put(to, "position", 1, 5, 8);
            block(to, "block0");
            block(to, "block1");
            norm(to, "norm", 8);
            put(to, "projection", 8, 6);
            put(to, "head.weight", 5, 6);
            put(to, "head.bias", 5);
        }

        @Override
        Tensor input(int rows) {
            return torch.randn(rows, 3, 8, 8);
        }

        @Override
        Tensor logits(Layers layers, Tensor x) {
            Tensor h = layers.conv2d("conv", x, new long[] {4, 4}, new long[] {0, 0});
            h = h.flatten(2, -1).transpose(1, 2);
            h = layers.add("position", layers.prependToken("token", h));
            h = layers.boundary(through(layers, "block0", h, false));
            h = layers.boundary(through(layers, "block1", h, false));
            h = layers.layerNorm("norm", h.select(1, 0), 1e-5);
            return layers.linear("head", layers.matmul("projection", h));
        }
    },

    /** Captions, an embedding that is also the output's weight (tied), causal attention, a pooled end, a scale. */
    TEXT {
        @Override
        void parameters(Map<String, Tensor> to) {
            put(to, "words.weight", 11, 8);
            put(to, "position", 6, 8);
            block(to, "block");
            norm(to, "norm", 8);
            put(to, "gain", 8);
        }

        @Override
        Tensor input(int rows) {
            return torch.randint(11, new long[] {rows, 6}).to(ScalarType.Long);
        }

        @Override
        Tensor logits(Layers layers, Tensor ids) {
            Tensor h = layers.add("position", layers.embedding("words", ids));
            h = layers.boundary(through(layers, "block", h, true));
            Tensor end = ids.argmax(new org.bytedeco.pytorch.LongOptional(1), false);
            h = layers.layerNorm("norm", h, 1e-5);
            Tensor index = end.reshape(-1, 1, 1).expand(end.size(0), 1, h.size(2));
            return layers.linear(
                    "words", layers.scale("gain", h.gather(1, index).squeeze(1)));
        }
    },

    /** Convolutions with batch normalisation and a residual. */
    CONVOLUTION {
        @Override
        void parameters(Map<String, Tensor> to) {
            put(to, "conv1.weight", 6, 3, 3, 3);
            batchNorm(to, "bn1", 6);
            put(to, "conv2.weight", 10, 6, 3, 3);
            batchNorm(to, "bn2", 10);
            put(to, "shortcut.weight", 10, 6, 1, 1);
            put(to, "fc.weight", 5, 10);
            put(to, "fc.bias", 5);
        }

        @Override
        Tensor input(int rows) {
            return torch.randn(rows, 3, 9, 9);
        }

        @Override
        Tensor logits(Layers layers, Tensor x) {
            long[] one = {1, 1};
            long[] two = {2, 2};
            Tensor h = layers.batchNorm("bn1", layers.conv2d("conv1", x, one, one), 1e-5)
                    .relu();
            h = layers.boundary(h);
            Tensor skip = layers.conv2d("shortcut", h, two, new long[] {0, 0});
            h = layers.batchNorm("bn2", layers.conv2d("conv2", h, two, one), 1e-5)
                    .add(skip)
                    .relu();
            h = layers.boundary(h);
            return layers.linear("fc", h.mean(2, 3));
        }
    };

    private static final int WIDTH = 8;
    private static final int HEADS = 2;

    abstract void parameters(Map<String, Tensor> to);

    abstract Tensor input(int rows);

    abstract Tensor logits(Layers layers, Tensor x);

    Tensor losses(Layers layers, Tensor x, Tensor labels) {
        return Losses.crossEntropy(logits(layers, x), labels);
    }

    /** Random parameters, which require gradients, and buffers. */
    Map<String, Tensor> random(ScalarType type) {
        Map<String, Tensor> made = new LinkedHashMap<>();
        parameters(made);
        made.replaceAll((name, tensor) -> {
            Tensor typed = tensor.to(type).detach();
            if (!name.contains("running")) typed.set_requires_grad(true);
            return typed;
        });
        return made;
    }

    /** The same on a device, as leaves of their own. */
    static Map<String, Tensor> moved(Device device, Map<String, Tensor> tensors) {
        Map<String, Tensor> there = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            Tensor leaf = device.move(tensor.detach()).clone();
            leaf.set_requires_grad(tensor.requires_grad());
            there.put(name, leaf);
        });
        return there;
    }

    static Tensor labels(int rows) {
        return torch.randint(5, new long[] {rows}).to(ScalarType.Long);
    }

    private static void put(Map<String, Tensor> to, String name, long... shape) {
        to.put(name, torch.randn(shape).mul_(new Scalar(0.4f)));
    }

    private static void norm(Map<String, Tensor> to, String name, long width) {
        to.put(name + ".weight", torch.randn(width).mul_(new Scalar(0.3f)).add_(new Scalar(1.0f)));
        put(to, name + ".bias", width);
    }

    private static void batchNorm(Map<String, Tensor> to, String name, long width) {
        norm(to, name, width);
        put(to, name + ".running_mean", width);
        to.put(name + ".running_var", torch.rand(width).add_(new Scalar(0.5f)));
    }

    private static void block(Map<String, Tensor> to, String name) {
        norm(to, name + ".norm1", WIDTH);
        put(to, name + ".attention.in_proj_weight", 3 * WIDTH, WIDTH);
        put(to, name + ".attention.in_proj_bias", 3 * WIDTH);
        put(to, name + ".attention.out.weight", WIDTH, WIDTH);
        put(to, name + ".attention.out.bias", WIDTH);
        norm(to, name + ".norm2", WIDTH);
        put(to, name + ".mlp1.weight", 12, WIDTH);
        put(to, name + ".mlp1.bias", 12);
        put(to, name + ".mlp2.weight", WIDTH, 12);
        put(to, name + ".mlp2.bias", WIDTH);
    }

    static Tensor through(Layers layers, String name, Tensor x, boolean causal) {
        Tensor packed = layers.inProjection(name + ".attention", layers.layerNorm(name + ".norm1", x, 1e-5));
        TensorVector qkv = packed.chunk(3, -1);
        Tensor[] heads = new Tensor[3];
        for (int k = 0; k < 3; k++) {
            heads[k] = qkv.get(k)
                    .reshape(x.size(0), x.size(1), HEADS, WIDTH / HEADS)
                    .transpose(1, 2);
        }
        Tensor attended = layers.attention(heads[0], heads[1], heads[2], causal)
                .transpose(1, 2)
                .reshape(x.size(0), x.size(1), WIDTH);
        Tensor h = x.add(layers.linear(name + ".attention.out", attended));
        Tensor wide = torch.gelu(layers.linear(name + ".mlp1", layers.layerNorm(name + ".norm2", h, 1e-5)));
        return h.add(layers.linear(name + ".mlp2", wide));
    }

    /** One autograd pass per sample, in double precision: obviously right, and slow. */
    static final class Twin {
        /** [B] by parameter: gradients of each sample's own loss. */
        final Map<String, double[][]> gradients = new LinkedHashMap<>();

        final double[] losses;

        Twin(SmallModels model, Map<String, Tensor> parameters, Tensor x, Tensor labels) {
            int rows = (int) x.size(0);
            losses = new double[rows];
            Map<String, Tensor> copies = new LinkedHashMap<>();
            parameters.forEach((name, tensor) -> {
                Tensor copy = tensor.detach().to(ScalarType.Double).clone();
                if (tensor.requires_grad()) copy.set_requires_grad(true);
                copies.put(name, copy);
            });
            List<String> names = copies.keySet().stream()
                    .filter(name -> copies.get(name).requires_grad())
                    .toList();
            Tensor wide = x.is_floating_point() ? x.to(ScalarType.Double) : x;
            try (Parameters own = Parameters.of(copies)) {
                for (int i = 0; i < rows; i++) {
                    Tensor loss =
                            model.losses(new PlainLayers(own, false), wide.narrow(0, i, 1), labels.narrow(0, i, 1));
                    losses[i] = loss.item_double();
                    TensorVector found = torch.grad(
                            new TensorVector(loss),
                            new TensorVector(names.stream().map(copies::get).toArray(Tensor[]::new)));
                    for (int p = 0; p < names.size(); p++) {
                        gradients.computeIfAbsent(names.get(p), name -> new double[rows][])[i] =
                                Host.doubles(found.get(p));
                    }
                }
            }
        }

        /** Σ over parameters of ⟨g_i, v⟩. */
        double[] dots(Map<String, Tensor> live, Map<String, Tensor> reference, Iterable<String> names) {
            double[] dots = new double[losses.length];
            for (String name : names) {
                double[] from = Host.doubles(live.get(name));
                double[] to = Host.doubles(reference.get(name));
                for (int i = 0; i < dots.length; i++) {
                    double[] g = gradients.get(name)[i];
                    for (int j = 0; j < g.length; j++) dots[i] += g[j] * (to[j] - from[j]);
                }
            }
            return dots;
        }

        /** ‖g_i‖ over these parameters. */
        double[] norms(Iterable<String> names) {
            double[] norms = new double[losses.length];
            for (String name : names) {
                for (int i = 0; i < norms.length; i++) {
                    for (double g : gradients.get(name)[i]) norms[i] += g * g;
                }
            }
            for (int i = 0; i < norms.length; i++) norms[i] = Math.sqrt(norms[i]);
            return norms;
        }

        static double distance(Map<String, Tensor> live, Map<String, Tensor> reference, Iterable<String> names) {
            double sum = 0;
            for (String name : names) {
                double[] from = Host.doubles(live.get(name));
                double[] to = Host.doubles(reference.get(name));
                for (int j = 0; j < from.length; j++) sum += (to[j] - from[j]) * (to[j] - from[j]);
            }
            return Math.sqrt(sum);
        }

        @Override
        public String toString() {
            return "losses " + Tensors.shape(Tensors.empty(losses.length));
        }
    }
}
