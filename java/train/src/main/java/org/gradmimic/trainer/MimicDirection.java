package org.gradmimic.trainer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.RecordingLayers;
import org.jspecify.annotations.Nullable;

/**
 * Where the reference lies from the model: V = c·θ_ref − θ of the mimic layer, or a fixed direction. It remembers where V
 * pointed at the beginning of the run.
 */
final class MimicDirection implements AutoCloseable {
    private final List<String> mimicLayer;

    /** θ_ref of the mimic layer, or V if it is fixed. */
    private final Parameters reference;

    private final @Nullable Double scale;
    private final Parameters first;

    /**
     * @param reference has the parameters of the mimic layer
     * @param scale c; null: V is θ_ref − θ at the beginning of the run
     * @param start the parameters at the beginning of the run
     */
    MimicDirection(List<String> mimicLayer, Parameters reference, @Nullable Double scale, Parameters start) {
        this.mimicLayer = mimicLayer;
        this.scale = scale;
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> theirs = new LinkedHashMap<>();
            for (String name : mimicLayer) {
                Tensor tensor = reference.tensor(name).detach();
                theirs.put(
                        name,
                        scale != null ? tensor : tensor.sub(start.tensor(name).detach()));
            }
            this.reference = Parameters.of(theirs);
            Map<String, Tensor> vectors = new LinkedHashMap<>();
            for (String name : mimicLayer) vectors.put(name, v(name, start));
            first = Parameters.of(vectors);
        }
    }

    /** Layers of these parameters, in training, that score toward the reference. */
    RecordingLayers layers(Parameters parameters) {
        RecordingLayers.Builder builder = RecordingLayers.builder(parameters)
                .mimic(mimicLayer)
                .reference(reference)
                .training(true);
        return (scale == null ? builder.fixedDirection() : builder.referenceScale(scale)).build();
    }

    private Tensor v(String name, Parameters parameters) {
        Tensor theirs = reference.tensor(name).detach();
        if (scale == null) return theirs.clone();
        return theirs.mul(new Scalar(scale)).sub(parameters.tensor(name).detach());
    }

    /**
     * V at the end of an epoch.
     *
     * @param norm ‖V‖
     * @param cosine of the angle to where V pointed at the beginning of the run
     */
    record Report(double norm, double cosine) {
        static final Report NONE = new Report(Double.NaN, Double.NaN);
    }

    Report report(Parameters parameters) {
        double squared = 0;
        double squaredFirst = 0;
        double dot = 0;
        for (String name : mimicLayer) {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                Tensor now = v(name, parameters).to(ScalarType.Double);
                Tensor then = first.tensor(name).to(ScalarType.Double);
                squared += Host.number(now.mul(now).sum());
                squaredFirst += Host.number(then.mul(then).sum());
                dot += Host.number(now.mul(then).sum());
            }
        }
        return new Report(Math.sqrt(squared), dot / Math.sqrt(squared * squaredFirst));
    }

    @Override
    public void close() {
        reference.close();
        first.close();
    }
}
