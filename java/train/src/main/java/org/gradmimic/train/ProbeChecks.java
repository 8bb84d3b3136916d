package org.gradmimic.train;

import java.util.Arrays;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;

/** Rejects data and settings that do not fit each other, before anything is computed or written. */
final class ProbeChecks {
    private final ProbeData data;
    private final ProbeSettings settings;
    private final long samples;
    private final long width;
    private final long classes;

    private ProbeChecks(ProbeData data, ProbeSettings settings) {
        this.data = data;
        this.settings = settings;
        Tensor features = data.features();
        if (features.dim() != 2) throw shape(ProbeInput.FEATURES, "[N, D]");
        samples = features.size(0);
        if (samples > Integer.MAX_VALUE) {
            throw wrong(
                    ProbeInput.FEATURES,
                    " has " + samples + " samples; at most " + Integer.MAX_VALUE + " can be trained on");
        }
        width = features.size(1);
        classes = data.classes();
    }

    static void check(ProbeData data, ProbeSettings settings) {
        ProbeChecks checks = new ProbeChecks(data, settings);
        checks.tensors();
        checks.needs();
        checks.indices();
    }

    private InputException wrong(ProbeInput input, String what) {
        return new InputException(data.at(input) + what);
    }

    private InputException shape(ProbeInput input, String expected) {
        return wrong(input, " has the shape " + Tensors.shape(data.need(input)) + ", expected " + expected);
    }

    private void tensors() {
        if (samples == 0) {
            throw wrong(ProbeInput.FEATURES, " has the shape [0, " + width + "]: there is no sample");
        }
        floats(ProbeInput.FEATURES, samples, width);
        labels(ProbeInput.LABELS, samples);
        head(ProbeInput.REFERENCE_WEIGHT, classes, width);
        head(ProbeInput.REFERENCE_BIAS, classes);
        head(ProbeInput.INITIAL_WEIGHT, classes, width);
        head(ProbeInput.INITIAL_BIAS, classes);
        labels(ProbeInput.TRUE_LABELS, samples);
        pair(ProbeInput.TEST_FEATURES, ProbeInput.TEST_LABELS);
        pair(ProbeInput.CLEAN_FEATURES, ProbeInput.CLEAN_LABELS);
    }

    private void pair(ProbeInput features, ProbeInput labels) {
        Tensor values = data.get(features);
        if ((values == null) != (data.get(labels) == null)) {
            throw new SettingException(SettingText.named(features.label())
                    .text(" and ")
                    .setting(labels.label())
                    .text(" go together; one of them is missing"));
        }
        if (values == null) return;
        if (values.dim() != 2) throw shape(features, "[K, " + width + "]");
        floats(features, values.size(0), width);
        labels(labels, values.size(0));
    }

    private void needs() {
        Mode mode = settings.mode();
        if ((mode == Mode.MIMIC || mode == Mode.RHO) && !data.has(ProbeInput.REFERENCE_WEIGHT)) {
            throw new SettingException(
                    SettingText.of("mode " + mode + " needs ").setting(ProbeInput.REFERENCE_WEIGHT.label()));
        }
        Tensor clean = data.get(ProbeInput.CLEAN_FEATURES);
        if (mode == Mode.INFLUENCE && clean == null) {
            throw new SettingException(SettingText.of("mode influence needs ")
                    .setting(ProbeInput.CLEAN_FEATURES.label())
                    .text(" and ")
                    .setting(ProbeInput.CLEAN_LABELS.label())
                    .text(" (usually 10 samples per class)"));
        }
        if (clean == null) return;
        if (clean.size(0) == 0) throw wrong(ProbeInput.CLEAN_FEATURES, " has no sample");
        finite(ProbeInput.CLEAN_FEATURES, clean);
    }

    private void indices() {
        long epochs = settings.epochs();
        Tensor order = data.get(ProbeInput.ORDER);
        if (order != null) {
            longs(ProbeInput.ORDER, order);
            if (order.dim() != 2) throw shape(ProbeInput.ORDER, "2 axes: [E, " + samples + "]");
            epochs(ProbeInput.ORDER, order, epochs);
            if (order.size(1) != samples) {
                throw wrong(
                        ProbeInput.ORDER,
                        " has " + order.size(1) + " samples in an epoch, but features has " + samples);
            }
            inRange(ProbeInput.ORDER, order, epochs);
        }
        Tensor comparison = data.get(ProbeInput.AGRA_COMPARISON);
        if (comparison == null) return;
        longs(ProbeInput.AGRA_COMPARISON, comparison);
        long steps = (samples + settings.batchSize() - 1) / settings.batchSize();
        if (comparison.dim() != 3) throw shape(ProbeInput.AGRA_COMPARISON, "3 axes: [E, " + steps + ", B]");
        epochs(ProbeInput.AGRA_COMPARISON, comparison, epochs);
        if (comparison.size(1) < steps) {
            throw wrong(
                    ProbeInput.AGRA_COMPARISON,
                    " has " + comparison.size(1) + " steps in an epoch, but there are " + steps);
        }
        if (comparison.size(2) == 0) throw wrong(ProbeInput.AGRA_COMPARISON, " has batches without a sample");
        inRange(ProbeInput.AGRA_COMPARISON, comparison, epochs);
    }

    private void epochs(ProbeInput input, Tensor indices, long epochs) {
        if (indices.size(0) < epochs) {
            throw wrong(input, " has " + indices.size(0) + " epochs, but " + epochs + " are to be trained");
        }
    }

    /** Rejects an index of the first epochs that is not the index of a sample. */
    private void inRange(ProbeInput input, Tensor indices, long epochs) {
        entries(input, indices.narrow(0, 0, epochs), samples);
    }

    private void head(ProbeInput input, long... expected) {
        Tensor tensor = data.get(input);
        if (tensor == null) return;
        floats(input, expected);
        finite(input, tensor);
    }

    private void finite(ProbeInput input, Tensor tensor) {
        long[] index = Tensors.firstNonFinite(tensor);
        if (index != null) throw wrong(input, " is not finite at " + Arrays.toString(index));
    }

    private void floats(ProbeInput input, long... expected) {
        Tensor tensor = data.need(input);
        require(input, tensor, torch.ScalarType.Float, expected);
        if (tensor.requires_grad()) {
            throw new InvalidArgumentException(
                    input + " requires a gradient, which a probe does not compute; detach it");
        }
    }

    private static void longs(ProbeInput input, Tensor tensor) {
        type(input, tensor, torch.ScalarType.Long);
    }

    private static void type(ProbeInput input, Tensor tensor, torch.ScalarType type) {
        if (tensor.scalar_type().intern() != type) {
            throw new InvalidArgumentException(
                    input + " is " + tensor.scalar_type().intern() + "; " + type + " is expected");
        }
    }

    private void require(ProbeInput input, Tensor tensor, torch.ScalarType type, long... expected) {
        type(input, tensor, type);
        try {
            Tensors.requireShape(data.at(input), tensor, expected);
        } catch (InvalidArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private void labels(ProbeInput input, long count) {
        Tensor labels = data.get(input);
        if (labels == null) return;
        require(input, labels, torch.ScalarType.Long, count);
        entries(input, labels, classes);
    }

    /** Rejects the first entry outside [0, bound), with its place. */
    private void entries(ProbeInput input, Tensor values, long bound) {
        try (PointerScope scope = new PointerScope()) {
            Tensor dense = values.contiguous();
            LongPointer entries = dense.data_ptr_long();
            long count = values.numel();
            for (long i = 0; i < count; i++) {
                long value = entries.get(i);
                if (value < 0 || value >= bound) {
                    throw wrong(
                            input,
                            place(i, Tensors.sizes(values)) + " = " + value + " is outside [0, " + bound + ")"
                                    + (input.isLabels() && value == bound ? "; classes are numbered from 0" : ""));
                }
            }
        }
    }

    /** [i][j]… of the entry at {@code flat} in row-major order. */
    private static String place(long flat, long[] shape) {
        StringBuilder place = new StringBuilder();
        long rest = flat;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            place.insert(0, "[" + rest % shape[axis] + "]");
            rest /= shape[axis];
        }
        return place.toString();
    }
}
