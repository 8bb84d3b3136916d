package org.gradmimic.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Lists a model's state dict, layer by layer, in torch's order. */
final class StateDict {
    private final Map<String, TensorSpec> stateDict = new LinkedHashMap<>();

    StateDict put(String name, TensorSpec spec) {
        stateDict.put(name, spec);
        return this;
    }

    StateDict parameter(String name, long... shape) {
        return put(name, TensorSpec.parameter(shape));
    }

    StateDict linear(String name, long inputs, long outputs) {
        return parameter(name + ".weight", outputs, inputs).parameter(name + ".bias", outputs);
    }

    StateDict layerNorm(String name, long width) {
        return parameter(name + ".weight", width).parameter(name + ".bias", width);
    }

    StateDict attention(String name, long width) {
        return parameter(name + ".in_proj_weight", 3 * width, width)
                .parameter(name + ".in_proj_bias", 3 * width)
                .linear(name + ".out_proj", width, width);
    }

    StateDict batchNorm(String name, long channels) {
        return layerNorm(name, channels)
                .put(name + ".running_mean", TensorSpec.buffer(channels))
                .put(name + ".running_var", TensorSpec.buffer(channels))
                .put(name + ".num_batches_tracked", TensorSpec.counter());
    }

    Map<String, TensorSpec> all() {
        return Collections.unmodifiableMap(stateDict);
    }
}
