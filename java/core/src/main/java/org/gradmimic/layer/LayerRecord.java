package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** One call of one layer: its output, and its parameters' gradient rules with their activations. */
final class LayerRecord implements AutoCloseable {
    private final String layer;
    private final Tensor output;
    private final long outputVersion;
    private final List<ParameterUse> uses = new ArrayList<>();
    private @Nullable Tensor outputGradients;

    LayerRecord(String layer, Tensor output) {
        this.layer = layer;
        this.output = Tensors.handle(output);
        outputVersion = output._version();
    }

    void add(ModelParameter parameter, GradientRule rule, @Nullable Tensor activations) {
        uses.add(new ParameterUse(parameter, rule, this, activations));
    }

    String layer() {
        return layer;
    }

    Tensor output() {
        return output;
    }

    List<ParameterUse> uses() {
        return uses;
    }

    /** Whether one of its parameters is a mimic layer's. */
    boolean mimic() {
        return uses.stream().anyMatch(use -> use.parameter().mimic());
    }

    /**
     * Checks that the record is still valid after the forward pass.
     *
     * @param rows samples that have a loss
     * @throws InvalidStateException if the input or output of the layer was changed in place since
     * @throws InvalidArgumentException if its batch is not that of the losses
     */
    void check(long rows) {
        if (output._version() != outputVersion) {
            throw new InvalidStateException("the output of layer " + layer
                    + " was changed in place afterwards; use the operation that makes a new tensor (relu, not relu_)");
        }
        uses.forEach(ParameterUse::check);
        if (output.dim() > 0 && output.size(0) != rows) {
            throw new InvalidArgumentException("layer " + layer + " made a tensor of the shape " + Tensors.shape(output)
                    + " for " + rows + " losses; the first dimension must be the batch");
        }
    }

    /**
     * δ of the loss that was differentiated, of the output's shape; null if the output doesn't reach that loss, or no use
     * needs it any more.
     */
    @Nullable
    Tensor outputGradients() {
        return outputGradients;
    }

    /**
     * Receives δ at the end of the backward pass through the layer. The output is freed. δ is freed too, if every use has formed
     * its per-sample gradients, which take no more memory.
     *
     * @param gradient δ, undefined if the output doesn't reach the loss
     */
    void receive(Tensor gradient) {
        output.deallocate();
        if (!gradient.defined()) return;
        Tensor found = Memory.detached(gradient.detach());
        outputGradients = found;
        for (ParameterUse use : uses) use.receive(found);
        if (uses.stream().anyMatch(ParameterUse::needsOutputGradients)) return;
        found.deallocate();
        outputGradients = null;
    }

    /** A use has been released. */
    void useReleased() {
        if (outputGradients != null && uses.stream().allMatch(use -> use.isReleased() || !use.needsOutputGradients()))
            outputGradients.deallocate();
    }

    @Override
    public void close() {
        output.deallocate();
        if (outputGradients != null) outputGradients.deallocate();
        uses.forEach(ParameterUse::close);
    }
}
