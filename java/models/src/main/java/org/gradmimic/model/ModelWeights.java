package org.gradmimic.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.device.Device;
import org.gradmimic.layer.Parameters;

/**
 * A model's tensors, read from a file. Float32 tensors stay mapped; other floating-point numbers become float32.
 *
 * @param parameters in the order of {@link Model#slots()}; parameters require no gradient yet. The caller closes it
 * @param fresh names of the head's parameters that the file has for another number of classes: they are drawn anew
 */
public record ModelWeights(Parameters parameters, Set<String> fresh) implements AutoCloseable {
    /** Names listed of each kind of misfit. */
    private static final int LISTED = 50;

    /** Characters of a name, with what is said of it. */
    private static final int NAME = 200;

    /**
     * Reads a file of weights.
     *
     * @param model what they are for
     * @param file safetensors or a torch state dict
     * @param allowHeadMismatch let the head have another number of classes in the file; it is then drawn anew, as torch
     *     draws a linear layer
     * @param seed of that
     * @throws InputException if the file is missing or damaged, or does not fit the model: all that is missing, surplus or
     *     misshapen is named
     */
    public static ModelWeights read(Model model, Path file, boolean allowHeadMismatch, long seed) {
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(file)) {
            Map<String, String> stored = storedNames(model, weights);
            Set<String> fresh = fresh(model, weights, stored, allowHeadMismatch);
            check(model, weights, stored, fresh);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            if (!fresh.isEmpty()) torch.manual_seed(seed);
            model.slots().forEach((name, slot) -> {
                if (slot.role() == Slot.Role.COUNTER) return;
                tensors.put(name, fresh.contains(name) ? drawn(model, slot) : number(weights.tensor(stored.get(name))));
            });
            return new ModelWeights(Parameters.of(tensors), fresh);
        }
    }

    /** Names in the file by names in the model. */
    private static Map<String, String> storedNames(Model model, Weights weights) {
        Map<String, String> stored = new LinkedHashMap<>();
        for (String name : weights.names()) stored.putIfAbsent(model.current(name), name);
        return stored;
    }

    private static Set<String> fresh(
            Model model, Weights weights, Map<String, String> stored, boolean allowHeadMismatch) {
        Set<String> fresh = new LinkedHashSet<>();
        if (!allowHeadMismatch) return fresh;
        boolean mismatch = false;
        for (String name : model.head()) {
            long[] expected = model.slots().get(name).shape();
            if (!stored.containsKey(name)) return Set.of();
            long[] found = weights.shape(stored.get(name));
            if (found.length != expected.length) return Set.of();
            mismatch |= found[0] != expected[0];
            found[0] = expected[0];
            // Anything else than the number of classes is no such mismatch.
            if (!Arrays.equals(found, expected)) return Set.of();
        }
        if (mismatch) fresh.addAll(model.head());
        return fresh;
    }

    private static void check(Model model, Weights weights, Map<String, String> stored, Set<String> fresh) {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        boolean onlyHead = true;
        for (Map.Entry<String, Slot> entry : model.slots().entrySet()) {
            String name = entry.getKey();
            Slot slot = entry.getValue();
            String storedName = stored.get(name);
            if (slot.role() == Slot.Role.COUNTER || fresh.contains(name)) continue;
            if (storedName == null) {
                missing.add(name);
            } else if (!slot.hasShape(weights.shape(storedName))) {
                misshapen.add(name + " " + Arrays.toString(weights.shape(storedName)) + " (expected "
                        + Arrays.toString(slot.shape()) + ")");
                onlyHead &= model.head().contains(name);
            } else if (!weights.type(storedName).matches("F16|BF16|F32|F64")) {
                misshapen.add(name + " of type " + weights.type(storedName));
                onlyHead = false;
            }
        }
        List<String> surplus = new ArrayList<>(stored.keySet());
        surplus.removeAll(model.slots().keySet());
        surplus.removeAll(model.obsolete());
        if (missing.isEmpty() && surplus.isEmpty() && misshapen.isEmpty()) return;
        boolean headAlone = onlyHead && missing.isEmpty() && surplus.isEmpty();
        throw InputException.in(
                weights.path(),
                "does not fit the model" + listed("missing", missing)
                        + listed("surplus", surplus) + listed("misshapen", misshapen)
                        + (headAlone ? "; --allow-head-mismatch draws a head for another number of classes" : ""));
    }

    private static String listed(String what, List<String> names) {
        if (names.isEmpty()) return "";
        String line = names.stream()
                .limit(LISTED)
                .map(name -> Weights.printable(name, NAME))
                .collect(Collectors.joining(", "));
        int more = names.size() - LISTED;
        return "; " + what + ": " + line + (more > 0 ? " and " + more + " more" : "");
    }

    private static Tensor number(Tensor tensor) {
        return tensor.to(ScalarType.Float).contiguous();
    }

    /** As torch draws a linear layer's weight and bias: uniformly within ±1/√inputs. */
    private static Tensor drawn(Model model, Slot slot) {
        long inputs = model.head().stream()
                .map(name -> model.slots().get(name).shape())
                .filter(shape -> shape.length == 2)
                .mapToLong(shape -> shape[1])
                .max()
                .orElseThrow();
        double bound = 1 / Math.sqrt(inputs);
        return Tensors.empty(slot.shape()).uniform_(-bound, bound, new org.bytedeco.pytorch.GeneratorOptional());
    }

    /** The same on a device; these here are given back. */
    public ModelWeights moved(Device device) {
        if (parameters.tensors().stream().allMatch(device::has)) return this;
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> there = new LinkedHashMap<>();
            parameters.names().forEach(name -> there.put(name, device.move(parameters.tensor(name))));
            ModelWeights moved = new ModelWeights(Parameters.of(there), fresh);
            close();
            return moved;
        }
    }

    /** Gives the tensors back. */
    @Override
    public void close() {
        parameters.close();
    }
}
