package org.gradmimic.layer;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A model's tensors by their names in a state dict, in order: parameters, which require a gradient if they are trained, and
 * buffers such as running statistics. It keeps handles of its own; the tensors stay the caller's too.
 */
public final class Parameters implements AutoCloseable {
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private boolean closed;

    private Parameters() {
        OpenResources.opened();
    }

    /** These tensors, in the map's order. */
    public static Parameters of(Map<String, Tensor> tensors) {
        Parameters parameters = new Parameters();
        tensors.forEach(parameters::put);
        return parameters;
    }

    /** The parameters and buffers of a module, by the names it gives them. */
    public static Parameters of(Module module) {
        Parameters parameters = new Parameters();
        for (StringTensorDict named : new StringTensorDict[] {module.named_parameters(), module.named_buffers()}) {
            for (long i = 0; i < named.size(); i++) {
                var item = named.get(i);
                parameters.put(item.key().getString(), item.value());
            }
        }
        return parameters;
    }

    private void put(String name, Tensor tensor) {
        tensors.put(name, Memory.detached(new Tensor(tensor)));
    }

    /**
     * The tensor of that name.
     *
     * @throws InvalidArgumentException if there is none
     */
    public Tensor tensor(String name) {
        Tensor tensor = find(name);
        if (tensor == null) throw new InvalidArgumentException("there is no parameter " + name);
        return tensor;
    }

    /** The tensor of that name, or null. */
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

    /** Gives the handles back; a tensor lives as long as somebody else has one. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        tensors.values().forEach(Tensor::deallocate);
    }
}
