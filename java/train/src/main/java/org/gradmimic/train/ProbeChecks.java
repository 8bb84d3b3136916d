package org.gradmimic.train;

import java.util.Arrays;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/** Refuses data and settings that do not go together, before anything is computed or written. */
final class ProbeChecks {
    private final ProbeData data;
    private final ProbeSettings settings;
    private final long samples;
    private final long width;
    private final long classes;

    private ProbeChecks(ProbeData data, ProbeSettings settings) {
        this.data = data;
        this.settings = settings;
        if (data.features().dim() != 2) {
            throw new InputException("features has the shape " + Tensors.shape(data.features()) + ", expected [N, D]");
        }
        samples = data.features().size(0);
        if (samples > Integer.MAX_VALUE) {
            throw new InputException(
                    "features has " + samples + " samples; at most " + Integer.MAX_VALUE + " can be trained on");
        }
        width = data.features().size(1);
        classes = settings.classes();
    }

    static void check(ProbeData data, ProbeSettings settings) {
        ProbeChecks checks = new ProbeChecks(data, settings);
        checks.tensors();
        checks.needs();
        checks.indices();
    }

    private void tensors() {
        if (samples == 0) throw new InputException("features has the shape [0, " + width + "]: there is no sample");
        floats("features", data.features(), samples, width);
        labels("labels", data.labels(), samples);
        head("reference-weight", data.referenceWeight(), classes, width);
        head("reference-bias", data.referenceBias(), classes);
        head("init-weight", data.initialWeight(), classes, width);
        head("init-bias", data.initialBias(), classes);
        labels("true-labels", data.trueLabels(), samples);
        pair("test", data.testFeatures(), data.testLabels());
        pair("clean", data.cleanFeatures(), data.cleanLabels());
    }

    private void pair(String name, @Nullable Tensor features, @Nullable Tensor labels) {
        if ((features == null) != (labels == null)) {
            throw new InputException(name + "-features and " + name + "-labels go together; one of them is missing");
        }
        if (features == null || labels == null) return;
        if (features.dim() != 2) {
            throw new InputException(
                    name + "-features has the shape " + Tensors.shape(features) + ", expected [K, " + width + "]");
        }
        floats(name + "-features", features, features.size(0), width);
        labels(name + "-labels", labels, features.size(0));
    }

    private void needs() {
        Mode mode = settings.mode();
        if ((mode == Mode.MIMIC || mode == Mode.RHO) && data.referenceWeight() == null) {
            throw new InputException("mode " + mode + " needs a reference weight");
        }
        if (mode == Mode.INFLUENCE && data.cleanFeatures() == null) {
            throw new InputException("mode influence needs clean-features and clean-labels (10 a class is usual)");
        }
        Tensor clean = data.cleanFeatures();
        if (clean == null) return;
        if (clean.size(0) == 0) throw new InputException("clean-features has no sample");
        requireFinite("clean-features", clean);
    }

    private void indices() {
        int epochs = settings.epochs();
        long[][] order = settings.order();
        if (order != null) {
            if (order.length < epochs) {
                throw new InputException("order has " + order.length + " epochs, but " + epochs + " are to be trained");
            }
            for (int e = 0; e < epochs; e++) {
                if (order[e].length != samples) {
                    throw new InputException(
                            "order has " + order[e].length + " samples in epoch " + e + ", features has " + samples);
                }
                inRange("order[" + e + "]", order[e]);
            }
        }
        long[][][] comparison = settings.agraComparison();
        if (comparison == null) return;
        long steps = (samples + settings.batchSize() - 1) / settings.batchSize();
        if (comparison.length < epochs) {
            throw new InputException(
                    "agra-comparison has " + comparison.length + " epochs, but " + epochs + " are to be trained");
        }
        for (int e = 0; e < epochs; e++) {
            if (comparison[e].length < steps) {
                throw new InputException("agra-comparison has " + comparison[e].length + " steps in epoch " + e
                        + ", but there are " + steps);
            }
            for (int s = 0; s < steps; s++) {
                if (comparison[e][s].length == 0) throw new InputException("agra-comparison's batches have no sample");
                inRange("agra-comparison[" + e + "][" + s + "]", comparison[e][s]);
            }
        }
    }

    private void inRange(String name, long[] indices) {
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] < 0 || indices[i] >= samples) {
                throw new InputException(name + "[" + i + "] = " + indices[i] + " is outside [0, " + samples + ")");
            }
        }
    }

    private static void head(String name, @Nullable Tensor tensor, long... expected) {
        if (tensor == null) return;
        floats(name, tensor, expected);
        requireFinite(name, tensor);
    }

    private static void requireFinite(String name, Tensor tensor) {
        long[] index = Tensors.firstNonFinite(tensor);
        if (index != null) throw new InputException(name + " is not finite at " + Arrays.toString(index));
    }

    private static void floats(String name, Tensor tensor, long... expected) {
        require(name, tensor, torch.ScalarType.Float, expected);
        if (tensor.requires_grad()) {
            throw new InvalidArgumentException(name + " requires a gradient, which a probe does not give; detach it");
        }
    }

    private static void require(String name, Tensor tensor, torch.ScalarType type, long... expected) {
        if (tensor.scalar_type().intern() != type) {
            throw new InvalidArgumentException(
                    name + " is " + tensor.scalar_type().intern() + "; " + type + " is expected");
        }
        try {
            Tensors.requireShape(name, tensor, expected);
        } catch (InvalidArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private void labels(String name, @Nullable Tensor labels, long count) {
        if (labels == null) return;
        require(name, labels, torch.ScalarType.Long, count);
        try (PointerScope scope = new PointerScope()) {
            Tensor dense = labels.contiguous();
            LongPointer values = dense.data_ptr_long();
            for (long i = 0; i < count; i++) {
                long y = values.get(i);
                if (y < 0 || y >= classes) {
                    throw new InputException(name + "[" + i + "] = " + y + " is outside [0, " + classes + ")");
                }
            }
        }
    }
}
