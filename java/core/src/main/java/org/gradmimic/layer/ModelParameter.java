package org.gradmimic.layer;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;

/** A parameter of the model, and what it is in the reference models if samples are scored by it. */
final class ModelParameter implements AutoCloseable {
    private final String name;
    private final Tensor live;
    private final List<Tensor> references;

    /** @param references one for each reference model; none if it isn't a mimic layer's parameter */
    ModelParameter(String name, Tensor live, List<Tensor> references) {
        this.name = name;
        this.live = Tensors.handle(live);
        this.references = references.stream().map(Tensors::handle).toList();
    }

    String name() {
        return name;
    }

    Tensor live() {
        return live;
    }

    Tensor reference(int k) {
        return references.get(k);
    }

    /** Whether samples are scored by it. */
    boolean mimic() {
        return !references.isEmpty();
    }

    boolean trained() {
        return live.requires_grad();
    }

    @Override
    public void close() {
        live.deallocate();
        references.forEach(Tensor::deallocate);
    }
}
