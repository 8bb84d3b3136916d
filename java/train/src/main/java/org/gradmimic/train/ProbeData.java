package org.gradmimic.train;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Device;
import org.jspecify.annotations.Nullable;

/**
 * The arrays of a linear probe ({@link ProbeInput} lists them), with the file from which each was read. The caller owns
 * the tensors and frees them.
 *
 * <pre>{@code
 * ProbeData data = ProbeData.builder().features(h).labels(y).referenceWeight(reference).build();
 * }</pre>
 */
public final class ProbeData {
    private final Map<ProbeInput, Tensor> tensors;
    private final Map<ProbeInput, Path> files;
    private final int classes;

    private ProbeData(Map<ProbeInput, Tensor> tensors, Map<ProbeInput, Path> files, int classes) {
        this.tensors = tensors;
        this.files = files;
        this.classes = classes;
    }

    /** Collects the arrays of a probe. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Collects the arrays. Floating-point arrays are float32, integers int64, all on the CPU. The constructor of {@link
     * Probe} checks the shapes.
     */
    public static final class Builder {
        private final Map<ProbeInput, Tensor> tensors = new EnumMap<>(ProbeInput.class);
        private final Map<ProbeInput, Path> files = new EnumMap<>(ProbeInput.class);
        private int classes;

        private Builder() {}

        /** Sets an array by its name, of the shape and type that {@link ProbeInput} says; null removes it. */
        public Builder set(ProbeInput input, @Nullable Tensor tensor) {
            files.remove(input);
            if (tensor == null) tensors.remove(input);
            else tensors.put(input, tensor);
            return this;
        }

        /**
         * Reads an array from an {@code .npy} file; see {@link NpyTensors}. Messages about the array name the file.
         *
         * @throws org.gradmimic.base.InputException for a file that is missing, damaged or of another type
         */
        public Builder read(ProbeInput input, Path file) {
            if (input.floating()) set(input, NpyTensors.floats(file));
            else set(input, input.isLabels() ? NpyTensors.labels(file) : NpyTensors.longs(file));
            files.put(input, file);
            return this;
        }

        /** Sets the input of the head, [N,D]; required. */
        public Builder features(Tensor features) {
            return set(ProbeInput.FEATURES, features);
        }

        /** Sets the labels, [N], possibly noisy; required. */
        public Builder labels(Tensor labels) {
            return set(ProbeInput.LABELS, labels);
        }

        /** Sets the reference weight, [C,D]; mimic and rho need it. */
        public Builder referenceWeight(Tensor weight) {
            return set(ProbeInput.REFERENCE_WEIGHT, weight);
        }

        /** Sets the reference bias, [C]; rho's reference loss uses it. */
        public Builder referenceBias(Tensor bias) {
            return set(ProbeInput.REFERENCE_BIAS, bias);
        }

        /**
         * Sets the weight [C,D] and bias [C] to start from; by default they are initialised as in torch, from the seed.
         */
        public Builder initial(Tensor weight, Tensor bias) {
            return set(ProbeInput.INITIAL_WEIGHT, weight).set(ProbeInput.INITIAL_BIAS, bias);
        }

        /** Sets the true labels, [N], to measure accuracy against. */
        public Builder trueLabels(Tensor labels) {
            return set(ProbeInput.TRUE_LABELS, labels);
        }

        /** Sets the features [M,D] and labels [M] to measure accuracy on. */
        public Builder test(Tensor features, Tensor labels) {
            return set(ProbeInput.TEST_FEATURES, features).set(ProbeInput.TEST_LABELS, labels);
        }

        /** Sets the features [K,D] and labels [K] of the few clean samples that influence compares with. */
        public Builder clean(Tensor features, Tensor labels) {
            return set(ProbeInput.CLEAN_FEATURES, features).set(ProbeInput.CLEAN_LABELS, labels);
        }

        /** Sets the sample indices, [E,N], epoch by epoch; by default every epoch is a new permutation. */
        public Builder order(Tensor order) {
            return set(ProbeInput.ORDER, order);
        }

        /** Sets the sample indices of agra's comparison batches, [E,S,B]; by default they are drawn from the seed. */
        public Builder agraComparison(Tensor comparison) {
            return set(ProbeInput.AGRA_COMPARISON, comparison);
        }

        /**
         * Sets C. The default is the number of rows of the reference weight or the initial weight; without these it is
         * the largest label + 1.
         */
        public Builder classes(int classes) {
            if (classes < 1) throw new InvalidArgumentException("classes is " + classes + "; it must be positive");
            this.classes = classes;
            return this;
        }

        /**
         * Builds the data.
         *
         * @throws InvalidArgumentException without features or labels
         * @throws InputException if the number of classes must be taken from the labels and they are empty or out of
         *     range
         */
        public ProbeData build() {
            for (ProbeInput input : ProbeInput.values()) {
                if (!input.optional() && !tensors.containsKey(input)) {
                    throw new InvalidArgumentException(input + " is missing");
                }
            }
            ProbeData data = new ProbeData(new EnumMap<>(tensors), new EnumMap<>(files), 0);
            return new ProbeData(data.tensors, data.files, classes > 0 ? classes : data.countClasses());
        }
    }

    private int countClasses() {
        for (ProbeInput head : new ProbeInput[] {ProbeInput.REFERENCE_WEIGHT, ProbeInput.INITIAL_WEIGHT}) {
            Tensor weight = get(head);
            if (weight != null && weight.dim() == 2 && weight.size(0) > 0) return Math.toIntExact(weight.size(0));
        }
        if (labels().numel() == 0) throw new InputException(at(ProbeInput.LABELS) + " is empty");
        long largest = labels().max().item_long();
        if (largest >= Integer.MAX_VALUE) {
            throw new InputException(
                    at(ProbeInput.LABELS) + " has the class " + largest + "; classes are numbered from 0");
        }
        // If no label is valid, there is one class, and the check of the labels reports the error.
        return (int) Math.max(1, 1 + largest);
    }

    /** The name of an array in messages: its file, if it has one, and its name. */
    String at(ProbeInput input) {
        Path file = files.get(input);
        return file == null ? input.label() : file + ": " + input.label();
    }

    /** C. */
    public int classes() {
        return classes;
    }

    /** The array of this name, of the shape and type that {@link ProbeInput} says; null if it was not given. */
    public @Nullable Tensor get(ProbeInput input) {
        return tensors.get(input);
    }

    /** Whether an array was given. */
    public boolean has(ProbeInput input) {
        return tensors.containsKey(input);
    }

    /** The file from which an array was read; null if it was given as a tensor or not at all. */
    public @Nullable Path file(ProbeInput input) {
        return files.get(input);
    }

    /** N, which must fit in an int. */
    public int samples() {
        return Math.toIntExact(features().size(0));
    }

    Tensor features() {
        return need(ProbeInput.FEATURES);
    }

    Tensor labels() {
        return need(ProbeInput.LABELS);
    }

    /** An array that the mode needs; {@link ProbeChecks} has made sure that it is present. */
    Tensor need(ProbeInput input) {
        return Objects.requireNonNull(tensors.get(input), input.label());
    }

    /** The same data on a device; tensors that are already there are not copied. Index arrays stay on the CPU. */
    ProbeData on(Device device) {
        Map<ProbeInput, Tensor> moved = new EnumMap<>(tensors);
        moved.replaceAll((input, tensor) ->
                input == ProbeInput.ORDER || input == ProbeInput.AGRA_COMPARISON ? tensor : device.move(tensor));
        return new ProbeData(moved, files, classes);
    }
}
