package org.gradmimic.trainer;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.layer.Parameters;

/** The exponential moving average of a model's parameters over the steps; its buffers are those of the newest step. */
final class WeightAverage implements AutoCloseable {
    private final Parameters live;
    private final Parameters average;
    private final Scalar share;

    /** @param decay the share of the old average in the new one */
    WeightAverage(Parameters live, double decay) {
        this.live = live;
        share = new Scalar(1 - decay);
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> copies = new LinkedHashMap<>();
            for (String name : live.names())
                copies.put(name, live.tensor(name).detach().clone());
            average = Parameters.of(copies);
        }
    }

    /** Follows a step of the optimiser. */
    void update() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            for (String name : live.names()) {
                Tensor now = live.tensor(name);
                Tensor old = average.tensor(name);
                if (now.requires_grad()) old.lerp_(now.detach(), share);
                else old.copy_(now);
            }
        }
    }

    Parameters parameters() {
        return average;
    }

    @Override
    public void close() {
        average.close();
    }
}
