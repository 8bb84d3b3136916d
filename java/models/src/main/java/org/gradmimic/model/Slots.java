package org.gradmimic.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Lists a model's state dict, layer by layer, in torch's order. */
final class Slots {
    private final Map<String, Slot> slots = new LinkedHashMap<>();

    Slots put(String name, Slot slot) {
        slots.put(name, slot);
        return this;
    }

    Slots parameter(String name, long... shape) {
        return put(name, Slot.parameter(shape));
    }

    Slots linear(String name, long inputs, long outputs) {
        return parameter(name + ".weight", outputs, inputs).parameter(name + ".bias", outputs);
    }

    Slots layerNorm(String name, long width) {
        return parameter(name + ".weight", width).parameter(name + ".bias", width);
    }

    Slots attention(String name, long width) {
        return parameter(name + ".in_proj_weight", 3 * width, width)
                .parameter(name + ".in_proj_bias", 3 * width)
                .linear(name + ".out_proj", width, width);
    }

    Slots batchNorm(String name, long channels) {
        return layerNorm(name, channels)
                .put(name + ".running_mean", Slot.buffer(channels))
                .put(name + ".running_var", Slot.buffer(channels))
                .put(name + ".num_batches_tracked", Slot.counter());
    }

    Map<String, Slot> all() {
        return Collections.unmodifiableMap(slots);
    }
}
