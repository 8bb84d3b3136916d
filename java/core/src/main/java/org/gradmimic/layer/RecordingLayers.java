package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.EmbeddingImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.internal.OneThread;
import org.jspecify.annotations.Nullable;

/**
 * Layers that record the activations and outputs that scoring needs. Your own model calls {@code layers.linear(fc, x)} instead
 * of {@code fc.forward(x)}; a model written against {@link Layers} takes them as they are:
 *
 * <pre>{@code
 * try (Parameters parameters = Parameters.of(model);
 *         RecordingLayers layers = RecordingLayers.builder(parameters).mimic("fc1.weight").reference(reference).build();
 *         MimicSteps mimic = MimicSteps.builder(layers)
 *                 .weighting(Weighting.normedProj(0.5))
 *                 .calibration(Calibration.ALL)
 *                 .table(table)
 *                 .build()) {
 *     for (Batch batch : loader) {
 *         try (TensorScope scope = TensorScope.open()) {
 *             optimizer.zero_grad();
 *             Tensor h = torch.relu(layers.linear(fc1, batch.x()));
 *             Tensor losses = Losses.crossEntropy(layers.linear(fc2, h), batch.labels());
 *             mimic.step(losses, batch.ids()).backward();
 *             optimizer.step();
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>Only the layers that are needed are recorded: those of the mimic layer's parameters and, if weights apply to all
 * parameters, those above them. Recording keeps only tensors that autograd keeps anyway. A forward pass ends with a score
 * or a step, which discards its records. Not thread-safe.
 *
 * <p>The forward pass may use mixed precision ({@link Autocast}). The layers work on the device of the parameters, and all
 * arguments of a layer must be there. On a CUDA device no decision depends on computed numbers, so a step waits for nothing.
 */
public final class RecordingLayers implements Layers, AutoCloseable {
    private static final long[] ONE = {1, 1};

    private final Recorder recorder;
    private final Device device;
    private final LayerKernels kernels;
    private final ReferenceVectors vectors;
    private final LayerCalls calls;
    private final PlainLayers plain;
    private final Parameters parameters;
    private final boolean training;

    /** The kind of score for a contrastive loss; null for any other loss. */
    private @Nullable ContrastiveScore contrastive;

    private final OneThread thread = new OneThread("these recording layers");
    private boolean closed;

    private RecordingLayers(Builder builder) {
        parameters = builder.parameters;
        parameters.names().forEach(name -> Tensors.requireThere("parameter " + name, parameters.tensor(name)));
        device = deviceOf(parameters);
        training = builder.training;
        plain = new PlainLayers(parameters, training);
        recorder = new Recorder(device, parameters, builder.mimic, builder.references, builder.scale);
        kernels = new LayerKernels(device);
        vectors = new ReferenceVectors(device, builder.fixed);
        calls = new LayerCalls(device, recorder, thread);
    }

    /**
     * A builder of layers that record calls of these parameters' layers.
     *
     * @param parameters of the model; the caller closes them
     */
    public static Builder builder(Parameters parameters) {
        return new Builder(parameters);
    }

    /** Collects the parts of recording layers. A mimic layer and a reference are required. */
    public static final class Builder {
        private final Parameters parameters;
        private final Set<String> mimic = new LinkedHashSet<>();
        private final List<Parameters> references = new ArrayList<>();
        private double scale = 1;
        private boolean fixed;
        private boolean training = true;

        private Builder(Parameters parameters) {
            this.parameters = parameters;
        }

        /**
         * Adds parameters to the mimic layer: names, or patterns with * and ?, as in {@link Parameters#named} and on
         * the command line. {@value ParameterNames#ALL} means every parameter; buffers are left out.
         */
        public Builder mimic(String... names) {
            return mimic(List.of(names));
        }

        /** As {@link #mimic(String...)}. */
        public Builder mimic(Collection<String> names) {
            mimic.addAll(names);
            return this;
        }

        /** Adds every trained parameter to the mimic layer: {@link Parameters#trained()}. */
        public Builder mimicTrained() {
            return mimic(parameters.trained());
        }

        /** @param reference a model that has the mimic layer's parameters; the caller closes it */
        public Builder reference(Parameters reference) {
            return references(List.of(reference));
        }

        /** Sets several references, which give each sample several scores. */
        public Builder references(List<Parameters> several) {
            references.addAll(several);
            return this;
        }

        /**
         * Sets c ≥ 1 in V = c·θ_ref − θ; the default is 1. A reference that the model has overtaken lies behind it, and all
         * scores change their sign; scaled, it lies ahead again.
         *
         * @throws InvalidArgumentException for a number below 1, or one that is not finite
         */
        public Builder referenceScale(double c) {
            if (!(c >= 1) || Double.isInfinite(c)) {
                throw new InvalidArgumentException(
                        "the reference scale is " + c + "; it must be finite and at least 1");
            }
            scale = c;
            return this;
        }

        /**
         * Makes the references' tensors the directions themselves: V = θ_ref, however the model moves. Give the difference
         * of two models for the direction in which one was trained.
         */
        public Builder fixedDirection() {
            fixed = true;
            return this;
        }

        /** Sets {@link Layers#training()}; the default is true. */
        public Builder training(boolean training) {
            this.training = training;
            return this;
        }

        /**
         * Builds the layers.
         *
         * @throws InvalidArgumentException for unknown names, and for references in which a parameter is missing or has
         *     another shape; the message lists all of them
         */
        public RecordingLayers build() {
            return new RecordingLayers(this);
        }
    }

    private static Device deviceOf(Parameters parameters) {
        return parameters.tensors().stream().findFirst().map(Device::of).orElse(Device.CPU);
    }

    Device device() {
        return device;
    }

    Recorder recorder() {
        if (closed) throw new InvalidStateException("the recording layers are closed");
        return recorder;
    }

    LayerKernels kernels() {
        return kernels;
    }

    ReferenceVectors vectors() {
        return vectors;
    }

    /**
     * Prepares the next forward passes for a contrastive loss. Exact scores differentiate twice, so attention above a
     * mimic layer is computed by plain products.
     */
    public void contrastive(ContrastiveScore score) {
        recorder().everyTrained(false);
        contrastive = score;
    }

    /** Discards a forward pass that will not be scored. */
    public void forget() {
        recorder().forget();
        calls.begin();
    }

    /** The forward pass that has ended, with a loss for this number of samples. */
    ForwardPass take(long rows) {
        calls.begin();
        return recorder().take(rows);
    }

    /**
     * Scores the samples of the forward pass that computed these losses, and discards the pass. Nothing is trained.
     *
     * @param losses ℓ_i [B], with their graph
     * @param norms whether to compute ‖g_i‖ too
     * @throws InvalidStateException if a mimic layer was not called through these layers
     */
    public LayerScores score(Tensor losses, boolean norms) {
        try (PointerScope scope = new PointerScope()) {
            return scoreTensors(losses, norms).read();
        }
    }

    /**
     * Like {@link #score(Tensor, boolean)}, without waiting for a device; the tensors belong to the caller's scope.
     *
     * @param losses ℓ_i [B], with their graph
     */
    public ScoreTensors scoreTensors(Tensor losses, boolean norms) {
        thread.enter();
        try (Autocast off = Autocast.off(device)) {
            return OutputGradients.score(this, losses, norms);
        } finally {
            thread.leave();
        }
    }

    /**
     * Like {@link #score(Tensor, boolean)} for a contrastive loss, whose samples have no gradient norms.
     *
     * @throws InvalidStateException if {@link #contrastive} was not called before the forward pass
     */
    public LayerScores score(ContrastiveBatch batch) {
        try (PointerScope scope = new PointerScope()) {
            return scoreTensors(batch).read();
        }
    }

    /**
     * Like {@link #score(ContrastiveBatch)}, without waiting for a device; the tensors belong to the caller's scope.
     */
    public ScoreTensors scoreTensors(ContrastiveBatch batch) {
        requireContrastive();
        if (contrastive == ContrastiveScore.PATH) return scoreTensors(batch.losses(), false);
        thread.enter();
        try (Autocast off = Autocast.off(device);
                ForwardPass forward = take(batch.image().size(0))) {
            return ContrastiveScores.exact(this, forward, batch);
        } finally {
            thread.leave();
        }
    }

    /** Sets whether weights apply to every trained parameter. With a contrastive loss this needs no records. */
    void everyTrained(boolean every) {
        recorder().everyTrained(every && contrastive == null);
    }

    /** The kind of contrastive score that was prepared. */
    ContrastiveScore requireContrastive() {
        if (contrastive == null) throw new InvalidStateException("contrastive(score) comes before the forward pass");
        return contrastive;
    }

    @Override
    public Tensor linear(String name, Tensor x) {
        return calls.linear(
                name, x, recorder().get(name + ".weight"), recorder().find(name + ".bias"));
    }

    /** Replaces {@code layer.forward(x)}; x [B,...,I]. */
    public Tensor linear(LinearImpl layer, Tensor x) {
        ModelParameter weight = recorder().get(layer.weight());
        return calls.linear(layer(weight), x, weight, recorder().find(layer.bias()));
    }

    /** The name of the layer that has this weight. */
    private static String layer(ModelParameter weight) {
        return weight.name().replaceAll("\\.?weight$", "");
    }

    @Override
    public Tensor matmul(String parameter, Tensor x) {
        return calls.matmul(parameter, x, recorder().get(parameter));
    }

    @Override
    public Tensor inProjection(String name, Tensor x) {
        return calls.linear(
                name, x, recorder().get(name + ".in_proj_weight"), recorder().find(name + ".in_proj_bias"));
    }

    @Override
    public Tensor attention(Tensor query, Tensor key, Tensor value, boolean causal) {
        return contrastive == ContrastiveScore.EXACT && calls.aboveMimic()
                ? LayerCalls.attentionByProducts(query, key, value, causal)
                : plain.attention(query, key, value, causal);
    }

    @Override
    public Tensor conv2d(String name, Tensor x, long[] stride, long[] padding) {
        return calls.conv2d(
                name,
                x,
                recorder().get(name + ".weight"),
                recorder().find(name + ".bias"),
                new LayerCalls.Convolution(stride, padding, ONE, 1));
    }

    /**
     * Replaces {@code layer.forward(x)}; x [B,I,H,W].
     *
     * @throws InvalidArgumentException for paddings other than zeros of a given width
     */
    public Tensor conv2d(Conv2dImpl layer, Tensor x) {
        ModelParameter weight = recorder().get(layer.weight());
        String name = layer(weight);
        return calls.conv2d(name, x, weight, recorder().find(layer.bias()), ModuleOptions.convolution(name, layer));
    }

    @Override
    public Tensor layerNorm(String name, Tensor x, double epsilon) {
        ModelParameter weight = recorder().get(name + ".weight");
        return calls.layerNorm(name, x, weight, recorder().find(name + ".bias"), new long[] {x.size(-1)}, epsilon);
    }

    /** Replaces {@code layer.forward(x)}; x [B,...], whose last dimensions are the layer's. */
    public Tensor layerNorm(LayerNormImpl layer, Tensor x) {
        ModelParameter weight = recorder().find(layer.weight());
        if (weight == null) return layer.forward(x);
        return calls.layerNorm(
                layer(weight),
                x,
                weight,
                recorder().find(layer.bias()),
                Tensors.sizes(weight.live()),
                layer.options().eps().get());
    }

    @Override
    public Tensor batchNorm(String name, Tensor x, double epsilon) {
        return calls.batchNorm(
                name,
                x,
                plain.batchNorm(name, x, epsilon),
                recorder().get(name + ".weight"),
                recorder().get(name + ".bias"),
                new LayerCalls.Statistics(
                        training ? null : parameters.tensor(name + ".running_mean"),
                        training ? null : parameters.tensor(name + ".running_var"),
                        epsilon));
    }

    /** Replaces {@code layer.forward(x)}, in the mode of the layer; x [B,C,H,W]. */
    public Tensor batchNorm(BatchNorm2dImpl layer, Tensor x) {
        ModelParameter weight = recorder().find(layer.weight());
        Tensor output = layer.forward(x);
        if (weight == null) return output;
        boolean own = layer.is_training() || !layer.running_mean().defined();
        return calls.batchNorm(
                layer(weight),
                x,
                output,
                weight,
                recorder().find(layer.bias()),
                new LayerCalls.Statistics(
                        own ? null : layer.running_mean(),
                        own ? null : layer.running_var(),
                        layer.options().eps().get()));
    }

    @Override
    public Tensor embedding(String name, Tensor ids) {
        return calls.embedding(name, ids, recorder().get(name + ".weight"), -1);
    }

    /**
     * Replaces {@code layer.forward(ids)}; ids [B,...] long. Gradients are dense.
     *
     * @throws InvalidArgumentException for {@code max_norm} and {@code scale_grad_by_freq}
     */
    public Tensor embedding(EmbeddingImpl layer, Tensor ids) {
        ModelParameter weight = recorder().get(layer.weight());
        String name = layer(weight);
        return calls.embedding(name, ids, weight, ModuleOptions.paddingIndex(name, layer));
    }

    @Override
    public Tensor add(String parameter, Tensor x) {
        return calls.add(parameter, x, recorder().get(parameter));
    }

    @Override
    public Tensor scale(String parameter, Tensor x) {
        return calls.scale(parameter, x, recorder().get(parameter));
    }

    @Override
    public Tensor prependToken(String parameter, Tensor x) {
        return calls.prependToken(parameter, x, recorder().get(parameter));
    }

    @Override
    public Tensor scalar(String parameter) {
        return calls.scalar(parameter, recorder().get(parameter));
    }

    @Override
    public Tensor boundary(Tensor x) {
        recorder().boundary(x);
        return x;
    }

    @Override
    public boolean training() {
        return training;
    }

    @Override
    public void close() {
        enter();
        try {
            closeAlone();
        } finally {
            leave();
        }
    }

    /** A step that uses these layers begins; {@link #leave()} ends it. */
    void enter() {
        thread.enter();
    }

    void leave() {
        thread.leave();
    }

    private void closeAlone() {
        if (closed) return;
        closed = true;
        recorder.close();
        kernels.close();
        vectors.close();
    }
}
