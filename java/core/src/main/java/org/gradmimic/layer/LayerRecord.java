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
     * Insists on what the step after the forward pass needs.
     *
     * @param rows samples that have a loss
     * @throws InvalidStateException if what entered or left the layer was changed in place since, or had another batch
     */
    void check(long rows) {
        if (output._version() != outputVersion) {
            throw new InvalidStateException("what left the layer " + layer
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
     * The end of the backward pass through the layer. What only that needed is freed; so is δ, where the gradients that all
     * samples have of the layer's parameters take no more memory and are there from now on.
     *
     * @param gradient δ, undefined if the output doesn't reach the loss
     */
    void passed(Tensor gradient) {
        output.deallocate();
        if (!gradient.defined()) return;
        outputGradients = Memory.detached(gradient.detach());
        uses.forEach(ParameterUse::passed);
        if (uses.stream().anyMatch(ParameterUse::needsOutputGradients)) return;
        outputGradients.deallocate();
        outputGradients = null;
    }

    /** One of the uses has become a gradient. */
    void spent() {
        if (outputGradients != null && uses.stream().allMatch(use -> use.isSpent() || !use.needsOutputGradients()))
            outputGradients.deallocate();
    }

    @Override
    public void close() {
        output.deallocate();
        if (outputGradients != null) outputGradients.deallocate();
        uses.forEach(ParameterUse::close);
    }
}
