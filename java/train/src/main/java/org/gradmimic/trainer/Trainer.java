package org.gradmimic.trainer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.layer.Parameters;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.MimicLayers;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.TensorSpec;
import org.jspecify.annotations.Nullable;

/**
 * Trains a classifier on images, plainly or with Grad-Mimic:
 *
 * <pre>{@code
 * try (ModelWeights initial = ModelWeights.random(model, settings.seed());
 *         ModelWeights reference = ModelWeights.read(model, Path.of("reference.safetensors"));
 *         Trainer trainer = Trainer.builder(model, initial, data, settings)
 *                 .reference(reference)
 *                 .folder(new TrainFolder(folder))
 *                 .build()) {
 *     TrainResult result = trainer.run();
 * }
 * }</pre>
 *
 * <p>With a folder, the run writes its files and checkpoints there, and continues from the checkpoint that it finds. The
 * result then has the same bits as that of an uninterrupted run on the same machine with the same number of threads. Not
 * thread-safe.
 */
public final class Trainer implements AutoCloseable {
    private final ImageClassifier model;
    private final TrainData data;
    private final TrainSettings settings;
    private final Device device;
    private final TrainListener listener;
    private final @Nullable TrainFolder folder;
    private final List<String> mimicLayer;
    private final Parameters parameters;
    private final @Nullable Parameters reference;
    private boolean used;

    private Trainer(Builder builder) {
        model = builder.model;
        data = builder.data;
        settings = builder.settings;
        device = builder.device;
        listener = builder.listener;
        folder = builder.folder;
        mimicLayer = settings.mode() == TrainMode.PLAIN ? List.of() : mimicLayer(model, settings, builder.reference);
        parameters = live(model, builder.initial.parameters(), device);
        reference = builder.reference == null || mimicLayer.isEmpty()
                ? null
                : only(mimicLayer, builder.reference.parameters(), device);
    }

    /**
     * A builder of a trainer.
     *
     * @param initial the weights at the beginning; they are copied
     */
    public static Builder builder(ImageClassifier model, ModelWeights initial, TrainData data, TrainSettings settings) {
        return new Builder(model, initial, data, settings);
    }

    /** Collects the parts of a trainer. */
    public static final class Builder {
        private final ImageClassifier model;
        private final ModelWeights initial;
        private final TrainData data;
        private final TrainSettings settings;
        private @Nullable ModelWeights reference;
        private Device device = Device.CPU;
        private TrainListener listener = TrainListener.NONE;
        private @Nullable TrainFolder folder;

        private Builder(ImageClassifier model, ModelWeights initial, TrainData data, TrainSettings settings) {
            this.model = model;
            this.initial = initial;
            this.data = data;
            this.settings = settings;
        }

        /** Sets the weights of the reference, which {@link TrainMode#MIMIC} needs; its mimic layer is copied. */
        public Builder reference(ModelWeights weights) {
            reference = weights;
            return this;
        }

        /** Sets where to train; the default is the CPU. */
        public Builder device(Device value) {
            device = value;
            return this;
        }

        /** Sets who observes the training. */
        public Builder listener(TrainListener value) {
            listener = value;
            return this;
        }

        /** Sets the folder of the run; without one nothing is written. */
        public Builder folder(TrainFolder value) {
            folder = value;
            return this;
        }

        /**
         * Builds the trainer.
         *
         * @throws InputException if the model has fewer classes than the data, a parameter of the mimic layer is
         *     unknown, or the reference has it for another number of classes
         * @throws InvalidArgumentException if the mode needs a reference and there is none
         */
        public Trainer build() {
            if (model.classes() < data.classes()) {
                throw new InputException("the model has " + model.classes() + " classes, the data set "
                        + data.dataset().spec() + " has " + data.classes());
            }
            return new Trainer(this);
        }
    }

    private static List<String> mimicLayer(
            ImageClassifier model, TrainSettings settings, @Nullable ModelWeights reference) {
        if (reference == null) throw new InvalidArgumentException("mode " + settings.mode() + " needs a reference");
        String asked = settings.mimicLayer();
        List<String> names = asked != null ? MimicLayers.resolve(model, asked) : List.of(headWeight(model));
        for (String name : names) {
            if (reference.reinitialised().contains(name)) {
                throw new InputException(
                        "the reference has " + name + " for another number of classes; it cannot be the mimic layer");
            }
        }
        return names;
    }

    private static String headWeight(ImageClassifier model) {
        return model.head().stream()
                .filter(name -> name.endsWith(".weight"))
                .findFirst()
                .orElseThrow(() -> new InputException("the model has no head; name a mimic layer"));
    }

    /** Copies that can be trained; buffers are copied too. */
    private static Parameters live(ImageClassifier model, Parameters initial, Device device) {
        Map<String, TensorSpec> specs = model.stateDict();
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : initial.names()) {
                TensorSpec spec = specs.get(name);
                Tensor copy = device.move(initial.tensor(name).detach().clone());
                boolean trained = spec == null || spec.role() == TensorSpec.Role.PARAMETER;
                tensors.put(name, copy.set_requires_grad(trained));
            }
            return Parameters.of(tensors);
        }
    }

    private static Parameters only(List<String> names, Parameters all, Device device) {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : names) {
                tensors.put(name, device.move(all.tensor(name).detach().clone()));
            }
            return Parameters.of(tensors);
        }
    }

    /** The parameters by which samples are scored; empty in plain training. */
    public List<String> mimicLayer() {
        return mimicLayer;
    }

    /** The parameters and buffers of the model, which {@link #run} changes; closed with the trainer. */
    public Parameters parameters() {
        return parameters;
    }

    /**
     * Trains to the end, or until the listener requests a stop. A trainer runs once.
     *
     * @throws InputException if an image is damaged, the model diverges, a file cannot be written, or the checkpoint is
     *     damaged
     */
    public TrainResult run() {
        if (used) throw new InvalidStateException("this trainer has run already");
        used = true;
        try (PointerScope scope = new PointerScope();
                TrainRun run = new TrainRun(this)) {
            return run.toTheEnd();
        }
    }

    ImageClassifier model() {
        return model;
    }

    TrainData data() {
        return data;
    }

    TrainSettings settings() {
        return settings;
    }

    Device device() {
        return device;
    }

    TrainListener listener() {
        return listener;
    }

    @Nullable
    TrainFolder folder() {
        return folder;
    }

    /** The reference's parameters of the mimic layer; null in plain training. */
    @Nullable
    Parameters reference() {
        return reference;
    }

    /** The live parameters that are trained, in order. */
    List<Tensor> trained() {
        List<Tensor> trained = new ArrayList<>();
        for (String name : parameters.trained()) trained.add(parameters.tensor(name));
        return trained;
    }

    @Override
    public void close() {
        parameters.close();
        if (reference != null) reference.close();
    }
}
