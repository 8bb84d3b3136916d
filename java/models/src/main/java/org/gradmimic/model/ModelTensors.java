package org.gradmimic.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.model.ForeignNames.Form;
import org.jspecify.annotations.Nullable;

/** The tensors of a file under the names and in the shapes of a model, whichever library wrote them. */
final class ModelTensors {
    private static final List<Form> ATTENTION = List.of(Form.QUERY, Form.KEY, Form.VALUE);

    private final Weights weights;
    private final @Nullable ForeignNames foreign;

    /** The stored names that make up a tensor of the model, by form. */
    private final Map<String, Map<Form, String>> sources = new LinkedHashMap<>();

    ModelTensors(Architecture model, Weights weights) {
        this.weights = weights;
        foreign = ForeignNames.of(model, weights.names());
        for (String stored : weights.names()) {
            ForeignNames.Target target = foreign != null
                    ? foreign.target(stored)
                    : new ForeignNames.Target(model.parameterName(stored), Form.WHOLE);
            if (target.form() == Form.UNUSED) continue;
            sources.computeIfAbsent(target.name(), name -> new LinkedHashMap<>())
                    .putIfAbsent(target.form(), stored);
        }
        sources.forEach((name, parts) -> {
            boolean attention = parts.keySet().stream().anyMatch(ATTENTION::contains);
            if (attention && !parts.keySet().equals(Set.copyOf(ATTENTION))) {
                throw Weights.broken(
                        weights.path(),
                        "has " + String.join(", ", parts.values()) + " but not the other parts of " + name
                                + ", which are queries, keys and values");
            }
        });
    }

    /** The library whose names the file has; null for the model's own names. */
    @Nullable
    String library() {
        return foreign == null ? null : foreign.library();
    }

    /** What was read and what was left out, a sentence each. */
    List<String> notes() {
        List<String> notes = new ArrayList<>(weights.notes());
        if (foreign != null) notes.add("has the names of " + foreign.library());
        return notes;
    }

    /** Names as in the model, in the file's order. */
    Set<String> names() {
        return sources.keySet();
    }

    boolean contains(String name) {
        return sources.containsKey(name);
    }

    /** The names that the file has for a tensor of the model, for messages. */
    String stored(String name) {
        return String.join(", ", parts(name).values());
    }

    private Map<Form, String> parts(String name) {
        Map<Form, String> parts = sources.get(name);
        if (parts == null) throw Weights.broken(weights.path(), "has no tensor '" + name + "'");
        return parts;
    }

    private static String part(Map<Form, String> parts, Form form) {
        return Objects.requireNonNull(parts.get(form));
    }

    /** The shape that the tensor has for the model. */
    long[] shape(String name) {
        Map<Form, String> parts = parts(name);
        if (parts.containsKey(Form.QUERY)) {
            long[] shape = weights.shape(part(parts, Form.QUERY));
            for (Form form : List.of(Form.KEY, Form.VALUE)) {
                long[] other = weights.shape(part(parts, form));
                if (shape.length == 0 || !Arrays.equals(shape, other)) {
                    throw Weights.broken(
                            weights.path(),
                            parts.get(form) + " has the shape " + Arrays.toString(other) + ", but "
                                    + parts.get(Form.QUERY) + " has " + Arrays.toString(shape));
                }
            }
            shape[0] *= ATTENTION.size();
            return shape;
        }
        long[] shape = weights.shape(parts.values().iterator().next());
        boolean turned = parts.containsKey(Form.TRANSPOSED) && shape.length == 2;
        return turned ? new long[] {shape[1], shape[0]} : shape;
    }

    /** The type of the tensor's numbers, as safetensors names it; that of the first part. */
    String type(String name) {
        return weights.type(parts(name).values().iterator().next());
    }

    /** The tensor as the model has it; belongs to the caller's scope. */
    Tensor tensor(String name) {
        Map<Form, String> parts = parts(name);
        if (parts.containsKey(Form.QUERY)) {
            Tensor whole = new Tensor();
            try (PointerScope scope = new PointerScope()) {
                TensorVector all = new TensorVector();
                for (Form form : ATTENTION) all.push_back(weights.tensor(part(parts, form)));
                whole.put(torch.cat(all, 0));
            }
            return whole;
        }
        Tensor stored = weights.tensor(parts.values().iterator().next());
        return parts.containsKey(Form.TRANSPOSED) ? stored.t() : stored;
    }
}
