package org.gradmimic.layer;

import java.util.Collection;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Calibration;
import org.gradmimic.Tensors;
import org.jspecify.annotations.Nullable;

/**
 * The backward pass of losses that couple samples: weights can't be put in at any δ, so the losses are weighted. With {@code
 * LAYER} that is a second pass, down to the mimic layer only.
 */
final class ContrastivePass implements BackwardPass {
    private final Collection<ModelParameter> parameters;
    private final ForwardPass forward;
    private final Calibration calibration;
    private final Tensor losses;

    /** @param forward owned from here on */
    ContrastivePass(
            Collection<ModelParameter> parameters, ForwardPass forward, Calibration calibration, Tensor losses) {
        this.parameters = parameters;
        this.forward = forward;
        this.calibration = calibration;
        this.losses = Tensors.handle(losses);
    }

    @Override
    public void run(Tensor weights, double share, @Nullable Tensor skip) {
        try (PointerScope scope = new PointerScope()) {
            Gradients gradients = new Gradients(skip);
            Tensor weighted = weights.mul(new Scalar(share)).to(losses.scalar_type());
            boolean all = calibration == Calibration.ALL;
            List<ModelParameter> reached = parameters.stream()
                    .filter(parameter -> parameter.trained() && (all || parameter.mimic()))
                    .toList();
            gradients.add(reached, losses, weighted, !all);
            if (all) return;
            List<ModelParameter> others = parameters.stream()
                    .filter(parameter -> parameter.trained() && !parameter.mimic())
                    .toList();
            gradients.add(others, losses, OutputGradients.mean(losses).mul(new Scalar(share)), false);
        }
    }

    @Override
    public void close() {
        forward.close();
        losses.deallocate();
    }
}
