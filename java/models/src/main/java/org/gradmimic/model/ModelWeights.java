package org.gradmimic.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model, read from a file. Floating-point types other than float32 are converted to float32.
 *
 * @param parameters in the order of {@link Architecture#stateDict()}; they do not require a gradient yet; the caller
 *     closes it
 * @param reinitialised names of the head's parameters that have a different number of classes in the file and were
 *     therefore initialised at random; empty if the head was read from the file
 * @param notes which part of the file was read, and which library's names it uses; empty for a plain state dict
 */
public record ModelWeights(Parameters parameters, Set<String> reinitialised, List<String> notes)
        implements AutoCloseable {
    /** The largest number of names that an error lists for each kind of mismatch. */
    private static final int LISTED = 50;

    /** The largest number of characters that an error shows of a name and its description. */
    private static final int NAME = 200;

    /**
     * Reads a weights file.
     *
     * @param model the architecture that the weights are for
     * @param file safetensors or a torch state dict
     * @throws HeadMismatchException if only the head's number of classes differs
     * @throws PositionMismatchException if the position embeddings are those of images of another size, and nothing else
     *     differs but perhaps the head's number of classes
     * @throws InputException if the file is missing or damaged, or does not fit the model; the message names every
     *     tensor that is missing, unexpected or of another shape
     */
    public static ModelWeights read(Architecture model, Path file) {
        return read(model, file, WeightsOptions.NONE);
    }

    /**
     * The weights of a new model, with the distributions that torchvision uses.
     *
     * @param model a ResNet or a ViT
     * @param seed of LibTorch's generator
     * @throws InputException for another architecture
     */
    public static ModelWeights random(Architecture model, long seed) {
        try (PointerScope scope = new PointerScope()) {
            return new ModelWeights(Parameters.of(InitialWeights.of(model, seed)), Set.of(), List.of());
        }
    }

    /**
     * Like {@link #read(Architecture, Path)}.
     *
     * @param options what may be changed about tensors that do not fit
     */
    public static ModelWeights read(Architecture model, Path file, WeightsOptions options) {
        Long seed = options.newHead();
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(file)) {
            ModelTensors stored = new ModelTensors(model, weights);
            Set<String> fresh = seed == null ? Set.of() : mismatchedHead(model, stored);
            PositionGrid other = otherGrid(model, stored);
            PositionGrid resampled = options.resamplePositions() ? other : null;
            Set<String> absent = options.withoutHead() ? model.head() : Set.of();
            Set<String> changed = new HashSet<>(fresh);
            changed.addAll(absent);
            if (resampled != null) changed.add(resampled.name());
            check(model, weights.path(), stored, changed, other);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            if (seed != null && !fresh.isEmpty()) torch.manual_seed(seed);
            model.stateDict().forEach((name, spec) -> {
                if (spec.role() == TensorSpec.Role.COUNTER || absent.contains(name)) return;
                tensors.put(name, fresh.contains(name) ? initialised(model, spec) : number(stored.tensor(name)));
            });
            List<String> notes = new ArrayList<>(stored.notes());
            String remark = remark(model, stored);
            if (remark != null) notes.add(remark);
            PositionGrid grid = model.positions();
            if (resampled != null && grid != null) {
                tensors.put(grid.name(), resampled.resampled(stored.tensor(grid.name()), grid));
                notes.add("resampled the position embeddings bicubically from " + resampled + " to " + grid);
            }
            return new ModelWeights(Parameters.of(tensors), fresh, notes);
        }
    }

    /** Where a file of another library suggests a setting that the model does not have; null if nowhere. */
    private static @Nullable String remark(Architecture model, ModelTensors stored) {
        if (model instanceof Clip clip) return clip.remark(stored.names());
        if (model instanceof VisionTransformer vit) return vit.remark(stored.library());
        return null;
    }

    /** The parameters of the head, if only their number of classes differs from the model's; otherwise empty. */
    private static Set<String> mismatchedHead(Architecture model, ModelTensors stored) {
        boolean mismatch = false;
        for (String name : model.head()) {
            long[] expected =
                    Objects.requireNonNull(model.stateDict().get(name)).shape();
            if (!stored.contains(name)) return Set.of();
            long[] found = stored.shape(name);
            if (found.length != expected.length) return Set.of();
            mismatch |= found[0] != expected[0];
            found[0] = expected[0];
            if (!Arrays.equals(found, expected)) return Set.of();
        }
        return mismatch ? Set.copyOf(model.head()) : Set.of();
    }

    /** The grid of the file's position embeddings, if only their number differs from the model's; otherwise null. */
    private static @Nullable PositionGrid otherGrid(Architecture model, ModelTensors stored) {
        PositionGrid grid = model.positions();
        if (grid == null || !stored.contains(grid.name())) return null;
        TensorSpec spec = Objects.requireNonNull(model.stateDict().get(grid.name()));
        return grid.of(stored.shape(grid.name()), spec.shape());
    }

    /**
     * @param changed names of tensors that are not taken as they are
     * @param other the grid of the file's position embeddings if it differs
     */
    private static void check(
            Architecture model, Path file, ModelTensors stored, Set<String> changed, @Nullable PositionGrid other) {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        boolean onlyHead = true;
        boolean positions = false;
        for (Map.Entry<String, TensorSpec> entry : model.stateDict().entrySet()) {
            String name = entry.getKey();
            TensorSpec spec = entry.getValue();
            if (spec.role() == TensorSpec.Role.COUNTER || changed.contains(name)) continue;
            if (!stored.contains(name)) {
                missing.add(name);
            } else if (other != null && name.equals(other.name())) {
                misshapen.add(described(name, stored) + " " + Arrays.toString(stored.shape(name))
                        + ", the positions of " + other + " (expected " + Arrays.toString(spec.shape()) + ", of "
                        + model.positions() + ")");
                positions = true;
            } else if (!spec.hasShape(stored.shape(name))) {
                misshapen.add(described(name, stored) + " " + Arrays.toString(stored.shape(name)) + " (expected "
                        + Arrays.toString(spec.shape()) + ")");
                onlyHead &= model.head().contains(name);
            } else if (!stored.type(name).matches("F16|BF16|F32|F64")) {
                misshapen.add(described(name, stored) + " of type " + stored.type(name));
                onlyHead = false;
            }
        }
        List<String> surplus = new ArrayList<>(stored.names());
        surplus.removeAll(model.stateDict().keySet());
        surplus.removeAll(model.ignoredTensors());
        if (missing.isEmpty() && surplus.isEmpty() && misshapen.isEmpty()) return;
        String message = file + ": does not fit the model" + listed("missing", missing) + listed("surplus", surplus)
                + listed("misshapen", misshapen);
        if (onlyHead && missing.isEmpty() && surplus.isEmpty()) {
            if (positions) throw new PositionMismatchException(message);
            if (!mismatchedHead(model, stored).isEmpty()) throw new HeadMismatchException(message);
        }
        throw new InputException(message);
    }

    /** A tensor by its name in the model and, where it differs, in the file. */
    private static String described(String name, ModelTensors stored) {
        return stored.stored(name).equals(name) ? name : name + " from " + stored.stored(name);
    }

    private static String listed(String what, List<String> names) {
        if (names.isEmpty()) return "";
        String line = names.stream()
                .limit(LISTED)
                .map(name -> Weights.shortened(name, NAME))
                .collect(Collectors.joining(", "));
        int more = names.size() - LISTED;
        return "; " + what + ": " + line + (more > 0 ? " and " + more + " more" : "");
    }

    private static Tensor number(Tensor tensor) {
        return tensor.to(ScalarType.Float).contiguous();
    }

    /** As torch initialises the weight and bias of a linear layer: uniformly within ±1/√inputs. */
    private static Tensor initialised(Architecture model, TensorSpec spec) {
        long inputs = model.head().stream()
                .map(name -> Objects.requireNonNull(model.stateDict().get(name)).shape())
                .filter(shape -> shape.length == 2)
                .mapToLong(shape -> shape[1])
                .max()
                .orElseThrow();
        double bound = 1 / Math.sqrt(inputs);
        return Tensors.empty(spec.shape()).uniform_(-bound, bound, new org.bytedeco.pytorch.GeneratorOptional());
    }

    /** The same weights on a device. The tensors of this object are freed if they were on another device. */
    public ModelWeights moved(Device device) {
        if (parameters.tensors().stream().allMatch(device::has)) return this;
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> there = new LinkedHashMap<>();
            parameters.names().forEach(name -> there.put(name, device.move(parameters.tensor(name))));
            ModelWeights moved = new ModelWeights(Parameters.of(there), reinitialised, notes);
            close();
            return moved;
        }
    }

    /** Frees the tensors. */
    @Override
    public void close() {
        parameters.close();
    }
}
