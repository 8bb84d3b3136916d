package org.gradmimic.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.layer.Parameters;

/** The numbers make_models.py fills models with. */
final class Formula {
    /** A Vision Transformer of two narrow blocks. */
    static VisionTransformer smallVit(int classes) {
        return VisionTransformer.builder()
                .side(16)
                .patchSize(8)
                .layers(2)
                .heads(2)
                .width(8)
                .mlpWidth(12)
                .classes(classes)
                .build();
    }

    private Formula() {}

    /** Unsigned, from the name and the place. */
    private static int noise(int seed, int place) {
        int x = seed + place * 0x9E3779B9;
        x ^= x >>> 16;
        x *= 0x85EBCA6B;
        x ^= x >>> 13;
        x *= 0xC2B2AE35;
        return x ^ x >>> 16;
    }

    private static int seed(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    /** Within [-1,1), times a factor, plus a constant; single precision throughout. */
    private static Tensor uniform(String name, long[] shape, float factor, float constant) {
        float[] values = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b))];
        int seed = seed(name);
        for (int i = 0; i < values.length; i++) {
            values[i] = ((noise(seed, i) >>> 8) * 0x1p-23f - 1) * factor + constant;
        }
        return Tensors.of(values, shape);
    }

    private static Tensor weight(String name, long[] shape) {
        if (shape.length >= 2) {
            long inputs = Arrays.stream(shape).skip(1).reduce(1, (a, b) -> a * b);
            return uniform(name, shape, (float) Math.sqrt(3.0 / inputs), 0);
        }
        if (name.endsWith("running_var")) return uniform(name, shape, 0.5f, 1);
        boolean factor = name.endsWith("weight") || name.endsWith("gamma") || name.endsWith("logit_scale");
        return uniform(name, shape, 0.1f, factor ? 1 : 0);
    }

    /** All of a model's; in the caller's scope, as the handles are the parameters' own. */
    static Parameters parameters(Architecture model) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        model.stateDict().forEach((name, spec) -> tensors.put(name, weight(name, spec.shape())));
        return Parameters.of(tensors);
    }

    static Tensor images(int count, int side) {
        return uniform("images", new long[] {count, 3, side, side}, 1, 0);
    }

    static Tensor captions(int count, int length, int vocabulary) {
        long[] tokens = new long[count * length];
        int seed = seed("tokens");
        for (int i = 0; i < count; i++) {
            int end = 1 + (3 * i + 2) % (length - 1);
            for (int t = 0; t < end; t++) {
                int place = i * length + t;
                tokens[place] = Integer.remainderUnsigned(noise(seed, place), vocabulary - 2) + 1;
            }
            tokens[i * length + end] = vocabulary - 1;
        }
        return Tensors.of(tokens, count, length);
    }
}
