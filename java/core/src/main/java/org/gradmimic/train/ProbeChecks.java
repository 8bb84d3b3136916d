package org.gradmimic.train;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.select.InputException;
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
        shape("labels", data.labels(), samples);
        labels("labels", data.labels());
        shape("reference-weight", data.referenceWeight(), classes, width);
        shape("reference-bias", data.referenceBias(), classes);
        shape("init-weight", data.initialWeight(), classes, width);
        shape("init-bias", data.initialBias(), classes);
        shape("true-labels", data.trueLabels(), samples);
        labels("true-labels", data.trueLabels());
        pair("test", data.testFeatures(), data.testLabels());
        pair("clean", data.cleanFeatures(), data.cleanLabels());
    }

    private void pair(String name, @Nullable Tensor features, @Nullable Tensor labels) {
        if ((features == null) != (labels == null)) {
            throw new InputException(name + "-features and " + name + "-labels go together; one of them is missing");
        }
        if (features == null || labels == null) return;
        shape(name + "-features", features, features.size(0), width);
        shape(name + "-labels", labels, features.size(0));
        labels(name + "-labels", labels);
    }

    private void needs() {
        Mode mode = settings.mode();
        if ((mode == Mode.MIMIC || mode == Mode.RHO) && data.referenceWeight() == null) {
            throw new InputException("mode " + mode + " needs a reference weight");
        }
        if (mode == Mode.INFLUENCE && data.cleanFeatures() == null) {
            throw new InputException("mode influence needs clean-features and clean-labels (10 a class is usual)");
        }
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
            for (int s = 0; s < steps; s++) inRange("agra-comparison[" + e + "][" + s + "]", comparison[e][s]);
        }
    }

    private void inRange(String name, long[] indices) {
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] < 0 || indices[i] >= samples) {
                throw new InputException(name + "[" + i + "] = " + indices[i] + " is outside [0, " + samples + ")");
            }
        }
    }

    private static void shape(String name, @Nullable Tensor tensor, long... expected) {
        if (tensor == null) return;
        try {
            Tensors.requireShape(name, tensor, expected);
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private void labels(String name, @Nullable Tensor labels) {
        if (labels == null) return;
        var values = labels.data_ptr_long();
        for (long i = 0; i < labels.numel(); i++) {
            long y = values.get(i);
            if (y < 0 || y >= classes) {
                throw new InputException(name + "[" + i + "] = " + y + " is outside [0, " + classes + ")");
            }
        }
    }
}
