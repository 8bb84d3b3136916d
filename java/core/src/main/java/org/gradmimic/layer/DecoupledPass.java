package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.Tensors;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * The backward pass of losses that don't couple samples, in two halves: the first, on construction, brings the recorded
 * layers their δ; the second forms gradients from weighted rows.
 */
final class DecoupledPass implements BackwardPass {
    private final List<ModelParameter> trained;
    private final ForwardPass forward;
    private final Tensor losses;

    /** For {@code LAYER}: the parameters that get the batch mean, and that. Undefined where one doesn't reach the loss. */
    private final List<ModelParameter> others;

    private final List<Tensor> means = new ArrayList<>();

    /** For {@code ALL}: parameters whose layers were not recorded; they cost a pass of their own. */
    private final List<ModelParameter> unrecorded;

    /** For {@code ALL}: the gradient of the mean loss at the first recorded boundary; null if there is none. */
    private final @Nullable Tensor boundaryGradient;

    /** @param forward owned from here on, if construction succeeds */
    DecoupledPass(Collection<ModelParameter> parameters, ForwardPass forward, Calibration calibration, Tensor losses) {
        this.forward = forward;
        this.losses = Tensors.handle(losses);
        boolean all = calibration == Calibration.ALL;
        trained = parameters.stream().filter(ModelParameter::trained).toList();
        others = all
                ? List.of()
                : trained.stream().filter(parameter -> !parameter.mimic()).toList();
        unrecorded = all
                ? trained.stream()
                        .filter(parameter -> !forward.called(parameter))
                        .toList()
                : List.of();
        boundaryGradient = all ? OutputGradients.backward(forward, losses, !unrecorded.isEmpty()) : null;
        if (all) return;
        try (PointerScope scope = new PointerScope()) {
            List<Tensor> live = others.stream().map(ModelParameter::live).toList();
            Segment segment = forward.segments().getFirst(); // there are no boundaries: see Recorder
            for (Tensor mean : OutputGradients.backward(segment, losses, OutputGradients.mean(losses), live, false)) {
                means.add(Memory.detached(new Tensor(mean)));
            }
        }
    }

    @Override
    public void run(Tensor weights, double share, @Nullable Tensor skip) {
        try (PointerScope scope = new PointerScope()) {
            Gradients gradients = new Gradients(skip);
            // δ is that of the mean loss: it has 1/B in it.
            Tensor scale = weights.to(ScalarType.Double).mul_(new Scalar(weights.size(0) * share));
            if (losses.scalar_type().intern() != ScalarType.Double) scale = scale.to(ScalarType.Float);
            for (int p = 0; p < others.size(); p++) {
                Tensor mean = means.get(p);
                if (mean.defined()) gradients.add(others.get(p), share == 1 ? mean : mean.mul(new Scalar(share)));
                mean.deallocate();
            }
            for (ModelParameter parameter : trained) fromRows(parameter, scale, gradients);
            below(scale, gradients);
            if (!unrecorded.isEmpty()) addUnrecorded(weights, share, gradients);
        }
    }

    private void fromRows(ModelParameter parameter, Tensor scale, Gradients gradients) {
        for (ParameterUse use : forward.uses(parameter)) {
            try (PointerScope scope = new PointerScope()) {
                Tensor gradient = use.gradient(scale);
                if (gradient != null) gradients.add(parameter, gradient);
            }
            use.release();
        }
    }

    /** The rest of the backward pass, from w ⊙ δ at the first recorded boundary, if there is one. */
    private void below(Tensor scale, Gradients gradients) {
        Tensor boundary = forward.firstBoundary();
        if (boundary == null || boundaryGradient == null) return;
        List<ModelParameter> targets = trained.stream().filter(forward::called).toList();
        gradients.add(targets, boundary, LayerKernels.scaled(boundaryGradient, scale), false);
    }

    private void addUnrecorded(Tensor weights, double share, Gradients gradients) {
        Tensor weighted = weights.mul(new Scalar(share)).to(losses.scalar_type());
        gradients.add(unrecorded, losses, weighted, false);
    }

    @Override
    public void close() {
        forward.close();
        losses.deallocate();
        means.forEach(Tensor::deallocate);
        if (boundaryGradient != null) boundaryGradient.deallocate();
    }
}
