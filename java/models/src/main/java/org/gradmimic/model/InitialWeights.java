package org.gradmimic.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;

/** Random weights with the distributions that torchvision gives a new ResNet or Vision Transformer. */
final class InitialWeights {
    private static final double POSITION = 0.02;
    private static final double MLP_BIAS = 1e-6;

    private InitialWeights() {}

    /** The parameters and buffers of a new model, in the order of its state dict; they belong to the caller's scope. */
    static Map<String, Tensor> of(Architecture model, long seed) {
        boolean resnet = model instanceof ResNet;
        if (!resnet && !(model instanceof VisionTransformer)) {
            throw new InputException("only a ResNet or a ViT can begin with random weights");
        }
        torch.manual_seed(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        model.stateDict().forEach((name, spec) -> {
            if (spec.role() == TensorSpec.Role.COUNTER) return;
            tensors.put(name, resnet ? resnet(name, spec.shape(), model) : vit(name, spec.shape()));
        });
        return tensors;
    }

    private static Tensor resnet(String name, long[] shape, Architecture model) {
        if (name.startsWith("fc.")) {
            long inputs =
                    Objects.requireNonNull(model.stateDict().get("fc.weight")).shape()[1];
            return uniform(1 / Math.sqrt(inputs), shape);
        }
        if (shape.length == 4) return normal(Math.sqrt(2.0 / (shape[0] * shape[2] * shape[3])), shape);
        return constant(name, shape);
    }

    private static Tensor vit(String name, long[] shape) {
        if (name.equals("class_token") || name.startsWith("heads.head.")) return filled(0, shape);
        if (name.equals("encoder.pos_embedding")) return normal(POSITION, shape);
        if (shape.length == 4) return normal(Math.sqrt(1.0 / (shape[1] * shape[2] * shape[3])), shape);
        if (name.endsWith("out_proj.weight")) return uniform(1 / Math.sqrt(shape[1]), shape);
        if (shape.length == 2) return uniform(Math.sqrt(6.0 / (shape[0] + shape[1])), shape); // Glorot
        if (name.contains(".mlp.") && name.endsWith(".bias")) return normal(MLP_BIAS, shape);
        return constant(name, shape);
    }

    /** Factors and variances are 1; shifts, biases and means are 0. */
    private static Tensor constant(String name, long[] shape) {
        return filled(name.endsWith(".weight") || name.endsWith(".running_var") ? 1 : 0, shape);
    }

    private static Tensor filled(double value, long[] shape) {
        return Tensors.empty(shape).fill_(new Scalar(value));
    }

    private static Tensor uniform(double bound, long[] shape) {
        return Tensors.empty(shape).uniform_(-bound, bound, new GeneratorOptional());
    }

    private static Tensor normal(double deviation, long[] shape) {
        return Tensors.empty(shape).normal_(0, deviation, new GeneratorOptional());
    }
}
