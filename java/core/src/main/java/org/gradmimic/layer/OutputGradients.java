package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** The backward pass that brings each recorded layer its δ, and the scores that follow from them. */
final class OutputGradients {
    /** Less than any ‖V‖² of floats that is not 0, and than half of the last place of any. */
    private static final Scalar LEAST = Memory.detached(new Scalar(1e-300));

    private OutputGradients() {}

    /**
     * The derivative of Σ outputGradient · output by the inputs; undefined for inputs that don't reach it. Computes nothing
     * else: no gradient of a weight that isn't among them.
     */
    static TensorVector grad(TensorVector outputs, TensorVector inputs, TensorVector outputGradients, boolean retain) {
        return torch.grad(outputs, inputs, outputGradients, new BoolOptional(retain), false, true);
    }

    /** 1/B for each loss: the gradients are then those of the mean, as plain training has them. */
    static Tensor mean(Tensor losses) {
        Tensor ones = torch.ones_like(losses.detach());
        return losses.size(0) == 0 ? ones : ones.div_(new Scalar((double) losses.size(0)));
    }

    /** The forward pass that made these losses [B]; the caller closes it. */
    static ForwardPass take(RecordingLayers layers, Tensor losses) {
        Tensors.requireRank("losses", losses, "[B]", 1);
        ForwardPass forward = layers.take(losses.size(0));
        if (losses.requires_grad()) return forward;
        forward.close();
        throw new InvalidStateException("the losses have no graph; no NoGradGuard may be open in the forward pass");
    }

    static ScoreTensors score(RecordingLayers layers, Tensor losses, boolean norms) {
        try (ForwardPass forward = take(layers, losses)) {
            return scores(layers, forward, losses, norms, false);
        }
    }

    /** Scores after a backward pass down to the mimic layers. */
    static ScoreTensors scores(
            RecordingLayers layers, ForwardPass forward, Tensor losses, boolean norms, boolean keepGraph) {
        try (PointerScope scope = new PointerScope()) {
            Tensor rest = backward(forward, losses, keepGraph);
            if (rest != null) rest.deallocate();
        }
        return scores(layers, forward, losses, norms);
    }

    /**
     * The backward pass of the mean loss, one segment after the other, so that what a segment alone needs is freed before the
     * next one's δ take memory. The first segment's records have their δ at the end, and no gradient of a weight was formed.
     *
     * @return the derivative by what the first segment starts from; null if there is no such thing or it doesn't reach the loss
     */
    static @Nullable Tensor backward(ForwardPass forward, Tensor losses, boolean keepGraph) {
        Tensor output = losses;
        Tensor gradient = Memory.detached(mean(losses));
        for (var segments = forward.segments().descendingIterator(); segments.hasNext(); ) {
            Segment segment = segments.next();
            Tensor start = segment.start();
            Tensor further = null;
            try (PointerScope scope = new PointerScope();
                    Tensor outputGradient = gradient) {
                List<Tensor> starts = start == null ? List.of() : List.of(start);
                List<Tensor> found = backward(segment, output, outputGradient, starts, keepGraph);
                if (start != null && found.get(0).defined())
                    further = Memory.detached(found.get(0).detach());
            }
            if (start == null || further == null) return null;
            output = start;
            gradient = further;
        }
        return gradient;
    }

    /**
     * The backward pass through one segment. Its records get their δ.
     *
     * @param further what else to take the derivative by
     * @return those derivatives; undefined for what doesn't reach the output
     */
    static List<Tensor> backward(
            Segment segment, Tensor output, Tensor outputGradient, List<Tensor> further, boolean keepGraph) {
        List<LayerRecord> records = segment.records();
        TensorVector inputs = outputs(records);
        for (Tensor input : further) inputs.push_back(input);
        TensorVector found = grad(new TensorVector(output), inputs, new TensorVector(outputGradient), keepGraph);
        for (int r = 0; r < records.size(); r++) records.get(r).receive(found.get(r));
        List<Tensor> rest = new ArrayList<>();
        for (int f = 0; f < further.size(); f++) rest.add(found.get(records.size() + f));
        return rest;
    }

    static TensorVector outputs(List<LayerRecord> records) {
        return new TensorVector(records.stream().map(LayerRecord::output).toArray(Tensor[]::new));
    }

    /** Scores by the δ of the mean loss that the records have. V is formed parameter by parameter. */
    static ScoreTensors scores(RecordingLayers layers, ForwardPass forward, Tensor losses, boolean norms) {
        long rows = losses.size(0);
        int references = layers.recorder().references();
        Device device = layers.device();
        Tensor dots = device.empty(ScalarType.Double, references, rows).zero_();
        Tensor squared = device.empty(ScalarType.Double, references).zero_();
        Tensor gradients = norms ? device.empty(ScalarType.Double, rows).zero_() : null;
        for (ModelParameter parameter : layers.recorder().mimic()) {
            try (PointerScope scope = new PointerScope()) {
                for (int k = 0; k < references; k++) {
                    Tensor v = layers.vectors().form(parameter.reference(k), parameter.live());
                    squared.narrow(0, k, 1).add_(layers.vectors().normSquared());
                    for (ParameterUse use : forward.uses(parameter))
                        add(dots.select(0, k), use.dot(layers.kernels(), v));
                }
                if (gradients != null)
                    add(gradients, ParameterUse.normSquared(layers.kernels(), forward.uses(parameter)));
            }
        }
        layers.vectors().release();
        Tensor distances = squared.sqrt();
        // 1/‖V‖ as ‖V‖/‖V‖²: 0 where V = 0, and NaN where ‖V‖² is beyond all numbers, not zeros of all scores.
        // δ is that of the mean loss: it has 1/B in it.
        Tensor factor = distances.div(squared.add(LEAST)).mul_(new Scalar((double) -rows));
        return new ScoreTensors(
                wide(losses),
                dots.mul_(factor.unsqueeze(1)),
                gradients == null ? null : gradients.sqrt_().mul_(new Scalar((double) rows)),
                distances);
    }

    /** In double, without a graph. */
    static Tensor wide(Tensor tensor) {
        return tensor.detach().to(ScalarType.Double);
    }

    private static void add(Tensor sum, @Nullable Tensor values) {
        if (values != null) sum.add_(values);
    }
}
