package org.gradmimic.layer;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A model's tensors by their names in a state dict, in order: parameters, which require a gradient if they are trained,
 * and buffers such as running statistics. It has its own handles; the caller keeps its tensors.
 */
public final class Parameters implements AutoCloseable {
    /** The names of running statistics of batch normalisation in a map of tensors. */
    private static final Pattern STATISTICS = Pattern.compile("(.*\\.)?running_(mean|var)");

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Set<String> buffers = new LinkedHashSet<>();
    private boolean closed;

    private Parameters() {
        OpenResources.opened();
    }

    /** The tensors of a map, of any shapes and types, by their names and in the order of the map. */
    public static Parameters of(Map<String, Tensor> tensors) {
        Parameters parameters = new Parameters();
        tensors.forEach((name, tensor) -> parameters.put(
                name,
                tensor,
                !tensor.is_floating_point() || STATISTICS.matcher(name).matches()));
        return parameters;
    }

    /** The parameters and buffers of a module, under its names. */
    public static Parameters of(Module module) {
        Parameters parameters = new Parameters();
        parameters.put(module.named_parameters(), false);
        parameters.put(module.named_buffers(), true);
        return parameters;
    }

    private void put(StringTensorDict named, boolean buffer) {
        for (long i = 0; i < named.size(); i++) {
            var item = named.get(i);
            put(item.key().getString(), item.value(), buffer);
        }
    }

    private void put(String name, Tensor tensor, boolean buffer) {
        tensors.put(name, Memory.detached(new Tensor(tensor)));
        if (buffer) buffers.add(name);
    }

    /** The names of the parameters that are trained: those that require a gradient. Buffers do not. */
    public List<String> trained() {
        return tensors.entrySet().stream()
                .filter(entry ->
                        !buffers.contains(entry.getKey()) && entry.getValue().requires_grad())
                .map(Map.Entry::getKey)
                .toList();
    }

    /**
     * The names of the parameters selected by names and patterns, as in {@link ParameterNames#choose} and on the
     * command line. Buffers are left out.
     *
     * @throws InvalidArgumentException for a name or pattern that matches no parameter; the message lists the closest
     *     matches
     */
    public List<String> named(String... namesAndPatterns) {
        return parameterNames().choose(List.of(namesAndPatterns));
    }

    ParameterNames parameterNames() {
        return new ParameterNames(
                tensors.keySet().stream()
                        .filter(name -> !buffers.contains(name))
                        .toList(),
                buffers);
    }

    /**
     * The tensor of this name, of the shape and type that the model gave it. The handle belongs to this object.
     *
     * @throws InvalidArgumentException if there is none; the message names the closest matches
     * @throws InvalidStateException if these parameters are closed
     */
    public Tensor tensor(String name) {
        Tensor tensor = find(name);
        if (tensor == null) {
            throw new InvalidArgumentException("there is no parameter " + name + "; the closest matches are "
                    + ParameterNames.nearest(tensors.keySet(), name));
        }
        return tensor;
    }

    /** As {@link #tensor}, but null if there is none. */
    public @Nullable Tensor find(String name) {
        if (closed) throw new InvalidStateException("these parameters are closed");
        return tensors.get(name);
    }

    /** All names, in order. */
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    /** All tensors, in order. */
    public Collection<Tensor> tensors() {
        return Collections.unmodifiableCollection(tensors.values());
    }

    /** Closes the handles; a tensor lives as long as another handle to it exists. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        tensors.values().forEach(Tensor::deallocate);
    }
}
