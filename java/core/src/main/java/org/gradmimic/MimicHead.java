package org.gradmimic;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.internal.OneThread;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.OpenResources;
import org.jspecify.annotations.Nullable;

/**
 * A linear classification head with cross-entropy whose weight is the mimic layer. It computes loss, δ, scores and
 * weights itself, in one pass between its two matrix products, and needs no autograd:
 *
 * <pre>{@code
 * try (MimicHead head = MimicHead.builder(linear)
 *         .reference(referenceWeight)
 *         .weighting(Weighting.normedProj(0.5))
 *         .table(table)
 *         .build()) {
 *     for (Batch batch : loader) {
 *         try (TensorScope scope = TensorScope.open()) {
 *             optimizer.zero_grad();
 *             head.step(backbone.forward(batch.x()), batch.labels(), batch.ids()).backward();
 *             optimizer.step();
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>With several references ({@link DirectionSource#references}), every sample gets several scores from the same
 * product and pass. The source determines which of them gives the weight.
 *
 * <p>The head takes over the storage of the weight: W and V lie side by side, so that one product computes both. The
 * parameter object still belongs to the caller and the optimiser. It must not be moved to other memory afterwards; a
 * step then throws an exception.
 *
 * <p>Features may have 16 bits, from a backbone under {@link Autocast}. The head itself computes in float, inside
 * autocast or outside.
 *
 * <p>The head works on the device of the weight, and all its arguments must be there. On a CUDA device, a step and its
 * backward pass neither wait nor read a number. Therefore the score table reports non-finite samples when it is
 * drained, a label out of range makes its sample non-finite, and in a batch without a finite score all weights are 0.
 *
 * <p>A step holds its own handles to every tensor it needs later, so the caller may free the features before the
 * backward pass. Its results are valid until the next step begins. Not thread-safe.
 */
public final class MimicHead implements AutoCloseable {
    /** ‖V‖²/‖W‖² below which a difference of logits is too imprecise and the product with V is computed: (0.1)². */
    private static final double PRECISE_RATIO_SQUARED = 0.01;

    private final HeadParameters parameters;
    private final DirectionSource source;

    /** K; 1 if there is no reference. */
    private final int references;

    private final HeadChecks checks;
    private final Calibration calibration;
    private final @Nullable ScoreTable table;
    private final long classes;
    private final Device device;
    private final HeadKernel kernel;
    private final HeadGradients gradients;
    private @Nullable HeadBuffers buffers;
    private @Nullable HeadBuffers otherBuffers;
    private @Nullable HeadStep current;
    private Weighting weighting;
    private final OneThread thread = new OneThread("this head");
    private boolean closed;

    private MimicHead(Builder settings, Weighting weighting) {
        Tensor weight = settings.weight;
        Tensor bias = settings.bias;
        Tensors.requireThere("weight", weight);
        device = Device.of(weight);
        source = settings.source;
        table = settings.table();
        calibration = settings.calibration();
        HeadChecks.parameters(device, weight, bias, source, table);
        HeadChecks.direction(weighting, source);
        classes = weight.size(0);
        references = source instanceof DirectionSource.Reference r ? r.weights().size() : 1;
        checks = new HeadChecks(device, classes, weight.size(1), references);
        parameters = new HeadParameters(device, weight, bias, source, references);
        try (PointerScope scope = new PointerScope()) {
            gradients = new HeadGradients(parameters.weight(), parameters.bias());
        }
        kernel = new HeadKernel(device, parameters, source, gradients);
        this.weighting = weighting;
        OpenResources.opened();
    }

    /**
     * A builder of a head with this weight.
     *
     * @param weight [C,D] float leaf; the head takes over its storage
     */
    public static Builder builder(Tensor weight) {
        return new Builder(weight);
    }

    /** A builder of a head with the weight of this layer and, if it has one, its bias. */
    public static Builder builder(LinearImpl layer) {
        Builder builder = new Builder(layer.weight());
        Tensor bias = layer.bias();
        return bias.defined() ? builder.bias(bias) : builder;
    }

    /** Collects the parts of a head. The mimic layer is the weight; the bias belongs to the other parameters. */
    public static final class Builder extends StepBuilder<Builder> {
        private final Tensor weight;
        private @Nullable Tensor bias;
        private DirectionSource source = DirectionSource.none();

        private Builder(Tensor weight) {
            this.weight = weight;
        }

        @Override
        protected Builder self() {
            return this;
        }

        /** @param bias [C] float leaf; if this is not called, the head has no bias */
        public Builder bias(Tensor bias) {
            this.bias = bias;
            return this;
        }

        /** @param reference [C,D] float, the weight of the reference head toward which samples are scored */
        public Builder reference(Tensor reference) {
            return direction(DirectionSource.reference(reference));
        }

        /** Sets what samples are compared with, if it is not one reference; the default is nothing. */
        public Builder direction(DirectionSource source) {
            this.source = source;
            return this;
        }

        /**
         * Builds the head.
         *
         * @throws InvalidArgumentException for tensors of another type, shape or device than the weight's, a missing
         *     weighting, or a weighting without the direction it needs
         */
        public MimicHead build() {
            return new MimicHead(this, requireWeighting("a head needs"));
        }
    }

    /**
     * Changes the weighting from the next step on, for example at the starting epoch, when plain training ends.
     *
     * @throws InvalidArgumentException if it needs a direction and the head has none, or one reference of several
     */
    public void weighting(Weighting weighting) {
        HeadChecks.direction(weighting, source);
        this.weighting = weighting;
    }

    /** The weighting of the next step. */
    public Weighting weighting() {
        return weighting;
    }

    /** [C,D], the parameter given to the builder. The head owns this handle and closes it. */
    public Tensor weight() {
        return parameters.weight();
    }

    /** [C], the parameter given to the builder. The head owns this handle and closes it. */
    public @Nullable Tensor bias() {
        return parameters.bias();
    }

    /** V of every reference and its norms at the last step; null without a direction. */
    public @Nullable Direction direction() {
        return parameters.direction();
    }

    /**
     * As {@link #step(HeadBatch)}.
     *
     * @param features h [B,D] float, bfloat16 or half
     * @param labels [B] long, in [0,C)
     * @param ids [B] long, the samples' ids in the score table
     */
    public HeadStep step(Tensor features, Tensor labels, Tensor ids) {
        return step(new HeadBatch(features, labels).withIds(ids));
    }

    /**
     * Scores and weights a batch under the current head: logits, losses, δ, scores, weights. {@link
     * HeadStep#backward()} computes the gradients. The previous step ends.
     *
     * @throws InvalidArgumentException for tensors of another type, shape or device and, on the CPU, for labels out of range
     * @throws InvalidStateException if the head is closed, or its parameters were moved to other memory
     * @throws NonFiniteException on the CPU, if no sample of the batch has a finite score
     */
    public HeadStep step(HeadBatch batch) {
        enter();
        try {
            return stepAlone(batch);
        } finally {
            leave();
        }
    }

    /** The score table is in use as long as the kernels write to it. */
    private void enter() {
        thread.enter();
        try {
            if (table != null) table.enter();
        } catch (InvalidStateException e) {
            thread.leave();
            throw e;
        }
    }

    private void leave() {
        if (table != null) table.leave();
        thread.leave();
    }

    private HeadStep stepAlone(HeadBatch batch) {
        requireOpen();
        parameters.requireUnmoved();
        checks.batch(batch, weighting);
        endCurrent();
        ScoreTable.Slot slot = null;
        boolean through = batch.features().requires_grad();
        try (PointerScope scope = new PointerScope()) {
            Tensor features =
                    Tensors.as(ScalarType.Float, through ? batch.features().detach() : batch.features());
            int rows = Math.toIntExact(features.size(0));
            if (table != null) slot = table.reserve(rows);
            HeadBuffers b = buffersFor(rows);
            if (table != null && slot != null) b.into(table, slot, batch.ids());
            project(batch, features, b);
            Tensor mustBeFinite = mustBeFinite(batch, features);
            kernel.step(batch, weighting, mustBeFinite, b, weightsReachAll(), through);
            HeadStep step =
                    new HeadStep(this, b, through ? Tensors.handle(batch.features()) : null, Tensors.handle(features));
            current = step;
            if (device.asynchronous()) step.askLater(mustBeFinite, batch.ids());
            else step.nonFinite(nonFiniteIds(b, mustBeFinite, batch.ids()));
            return step;
        } catch (RuntimeException e) {
            if (table != null && slot != null) table.abandon(slot);
            throw CudaFailure.typed("MimicHead.step with features " + Tensors.shape(batch.features()), e);
        }
    }

    /**
     * A further number that must be finite for a sample, besides loss and score: ‖h_i‖² or ℓ_i(θ_ref), [B]; null if
     * there is none.
     */
    private @Nullable Tensor mustBeFinite(HeadBatch batch, Tensor features) {
        if (weighting.kind() == Weighting.Kind.RHO) return batch.referenceLoss();
        if (!weighting.kind().needsNorms()) return null;
        Tensor norms = batch.featureNormsSquared();
        return norms != null ? norms : Tensors.rowNormsSquared(features);
    }

    List<Long> nonFiniteIds(HeadBuffers b, @Nullable Tensor mustBeFinite, @Nullable Tensor ids) {
        return kernel.nonFiniteIds(b, mustBeFinite, ids);
    }

    /** Computes logits and, if needed, V h. */
    private void project(HeadBatch batch, Tensor features, HeadBuffers b) {
        boolean product = !(source instanceof DirectionSource.None);
        if (source instanceof DirectionSource.Reference) {
            Direction direction = parameters.requireDirection();
            // An asynchronous device cannot decide by ‖V‖; the product is right for any ‖V‖.
            if (batch.referenceLogits() != null && !device.asynchronous()) {
                direction.refreshNorms();
                product = direction.anyBelow(PRECISE_RATIO_SQUARED);
            }
            if (product) direction.refresh();
        } else if (source instanceof DirectionSource.Comparison comparison) {
            HeadBatch other = comparison.batch().get();
            checks.samples("comparison ", other.features(), other.labels());
            compareWith(other.features(), other.labels());
        } else if (source instanceof DirectionSource.OwnMean) {
            compareWith(features, batch.labels());
        }
        if (product) parameters.projectBoth(features, b);
        else parameters.projectLogits(features, b);
    }

    /** Makes the mean gradient of these samples the direction. */
    private void compareWith(Tensor features, Tensor labels) {
        parameters.requireDirection().assignNegated(kernel.meanGradient(features, labels));
    }

    /** RHO-LOSS weights the loss, so its weights apply to the gradients of all parameters. */
    private boolean weightsReachAll() {
        return calibration == Calibration.ALL || weighting.kind() == Weighting.Kind.RHO;
    }

    /** The step's results are in the head's memory, which the next step overwrites. */
    void requireCurrent(HeadStep step) {
        requireOpen();
        if (step != current)
            throw new InvalidStateException("this step has ended: it was closed, or the head has begun another step");
    }

    /** @param input the features with their graph, if they have one */
    void backward(HeadStep step, @Nullable Tensor input, Tensor features, double share) {
        thread.enter();
        try {
            backwardAlone(step, input, features, share);
        } finally {
            thread.leave();
        }
    }

    private void backwardAlone(HeadStep step, @Nullable Tensor input, Tensor features, double share) {
        parameters.requireUnmoved();
        try (PointerScope scope = new PointerScope()) {
            HeadBuffers b = step.buffers();
            Tensor finite = kernel.finite(features, () -> !step.nonFiniteIds().isEmpty());
            gradients.add(b.logits(), finite, share);
            if (input == null) return;
            Tensor back = torch.empty_like(features);
            boolean all = weightsReachAll();
            torch.addmm_out(
                    back,
                    back,
                    all ? b.logits() : b.delta(),
                    parameters.weightView(),
                    new Scalar(0.0f),
                    new Scalar((float) (all ? share : share / features.size(0))));
            input.backward(
                    Tensors.as(input.scalar_type().intern(), back),
                    new org.bytedeco.pytorch.BoolOptional(),
                    false,
                    new org.bytedeco.pytorch.TensorArrayRefOptional());
        } catch (RuntimeException e) {
            throw CudaFailure.typed("HeadStep.backward of features " + Tensors.shape(features), e);
        }
    }

    /** Ends a step, if it is the newest. */
    void end(HeadStep step) {
        thread.enter();
        try {
            if (step == current) endCurrent();
        } finally {
            thread.leave();
        }
    }

    private void endCurrent() {
        if (current != null) current.end();
        current = null;
    }

    private HeadBuffers buffersFor(int rows) {
        HeadBuffers current = buffers;
        if (current != null && current.rows == rows) return current;
        HeadBuffers other = otherBuffers;
        otherBuffers = current;
        if (other != null && other.rows == rows) return buffers = other;
        if (other != null) other.close();
        return buffers = new HeadBuffers(device, rows, classes, references);
    }

    private void requireOpen() {
        if (closed) throw new InvalidStateException("this head is closed");
    }

    /**
     * Frees the head's native memory. The parameters and their gradients are not freed.
     *
     * @throws InvalidStateException during a step
     */
    @Override
    public void close() {
        thread.enter();
        try {
            closeAlone();
        } finally {
            thread.leave();
        }
    }

    private void closeAlone() {
        if (closed) return;
        endCurrent();
        closed = true;
        OpenResources.closed();
        parameters.close();
        if (buffers != null) buffers.close();
        if (otherBuffers != null) otherBuffers.close();
        gradients.close();
        kernel.close();
    }
}
