package org.gradmimic;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
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
import org.gradmimic.device.Host;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.internal.OneThread;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_head_step_args;
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

    private final Tensor weight;
    private final @Nullable Tensor bias;
    private final DirectionSource source;

    /** K; 1 if there is no reference. */
    private final int references;

    private final HeadChecks checks;
    private final Calibration calibration;
    private final @Nullable ScoreTable table;
    private final long classes;
    private final long width;

    /** [(1+K)C,D]: W, then every V. */
    private final Tensor stacked;

    private final Tensor stackedTransposed;
    private final Tensor weightView;
    private final Tensor weightTransposed;
    private final @Nullable Tensor biasView;
    private final @Nullable Direction direction;

    private final Device device;
    private final DeviceQueue queue;
    private final gm_head_step_args args = Memory.detached(new gm_head_step_args());

    /** The number of non-finite samples of the newest step. */
    private final DeviceArray<LongPointer> nonFinite;

    private final long weightAddress;
    private final long biasAddress;
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
        table = settings.table;
        calibration = settings.calibration;
        HeadChecks.parameters(device, weight, bias, source, table);
        HeadChecks.direction(weighting, source);
        classes = weight.size(0);
        width = weight.size(1);
        this.weight = Tensors.handle(weight);
        this.bias = bias == null ? null : Tensors.handle(bias);
        references = source instanceof DirectionSource.Reference r ? r.weights().size() : 1;
        checks = new HeadChecks(device, classes, width, references);
        try (PointerScope scope = new PointerScope()) {
            stacked = keep(device.empty(ScalarType.Float, (1 + references) * classes, width)
                    .zero_());
            stackedTransposed = keep(stacked.t());
            weightView = keep(stacked.narrow(0, 0, classes));
            weightTransposed = keep(weightView.t());
            List<Tensor> vectors = LongStream.rangeClosed(1, references)
                    .mapToObj(k -> keep(stacked.narrow(0, k * classes, classes)))
                    .toList();
            weightView.copy_(weight.detach());
            weight.set_data(weightView);
            biasView = bias == null ? null : keep(bias.detach());
            direction = directionOf(device, source, weightView, vectors);
            gradients = new HeadGradients(this.weight, this.bias);
            weightAddress = weightView.data_ptr().address();
            biasAddress = biasView == null ? 0 : biasView.data_ptr().address();
        }
        queue = new DeviceQueue(device);
        nonFinite = DeviceArray.longs(device, 1);
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

    /** Collects the parts of a head. A weighting is required; everything else has a default. */
    public static final class Builder {
        private final Tensor weight;
        private @Nullable Tensor bias;
        private DirectionSource source = DirectionSource.none();
        private @Nullable Weighting weighting;
        private Calibration calibration = Calibration.LAYER;
        private @Nullable ScoreTable table;

        private Builder(Tensor weight) {
            this.weight = weight;
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

        /** Sets how scores become weights. */
        public Builder weighting(Weighting weighting) {
            this.weighting = weighting;
            return this;
        }

        /**
         * Sets which parameters' gradients are weighted; the default is the head's weight alone, {@link
         * Calibration#LAYER}.
         */
        public Builder calibration(Calibration calibration) {
            this.calibration = calibration;
            return this;
        }

        /**
         * @param table receives ids, scores, weights and losses; without it, a step keeps its own until the next step
         */
        public Builder table(ScoreTable table) {
            this.table = table;
            return this;
        }

        /**
         * Builds the head.
         *
         * @throws InvalidArgumentException for tensors of another type, shape or device than the weight's, a missing
         *     weighting, or a weighting without the direction it needs
         */
        public MimicHead build() {
            if (weighting == null) throw new InvalidArgumentException("a head needs a weighting, but none was given");
            return new MimicHead(this, weighting);
        }
    }

    private static @Nullable Direction directionOf(
            Device device, DirectionSource source, Tensor parameter, List<Tensor> vectors) {
        if (source instanceof DirectionSource.None) {
            vectors.forEach(Tensor::deallocate);
            return null;
        }
        if (source instanceof DirectionSource.Reference reference) {
            return toward(device, reference, parameter, vectors);
        }
        return Direction.assigned(device, vectors.get(0));
    }

    private static Direction toward(
            Device device, DirectionSource.Reference reference, Tensor parameter, List<Tensor> vectors) {
        if (reference.scale() == 1) return Direction.toward(device, reference.weights(), parameter, vectors);
        List<Tensor> scaled = new ArrayList<>();
        try (PointerScope scope = new PointerScope()) {
            for (Tensor weight : reference.weights()) {
                scaled.add(keep(weight.detach().mul(new Scalar(reference.scale()))));
            }
        }
        try {
            return Direction.toward(device, scaled, parameter, vectors);
        } finally {
            scaled.forEach(Tensor::deallocate);
        }
    }

    private static Tensor keep(Tensor tensor) {
        return Memory.detached(tensor);
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
        return weight;
    }

    /** [C], the parameter given to the builder. The head owns this handle and closes it. */
    public @Nullable Tensor bias() {
        return bias;
    }

    /** V of every reference and its norms at the last step; null without a direction. */
    public @Nullable Direction direction() {
        return direction;
    }

    /** As {@link #step(HeadBatch)}. */
    public HeadStep step(Tensor features, Tensor labels, Tensor ids) {
        return step(new HeadBatch(features, labels).withIds(ids));
    }

    /**
     * Scores and weights a batch under the current head: logits, losses, δ, scores, weights. {@link
     * HeadStep#backward()} computes the gradients. The previous step ends.
     *
     * @throws InvalidArgumentException for tensors of another type or shape
     * @throws InvalidArgumentException for labels out of range
     * @throws NonFiniteException if no sample of the batch has a finite score
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
        requireUnmoved();
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
            if (slot != null) b.into(table, slot, batch.ids());
            project(batch, features, b);
            Tensor judged = judged(batch, features);
            describe(batch, judged, b, through);
            Kernels.headStep(queue.now(), args, queue.workspace());
            if (source instanceof DirectionSource.Reference reference) b.combine(reference.combination());
            HeadStep step =
                    new HeadStep(this, b, through ? Tensors.handle(batch.features()) : null, Tensors.handle(features));
            current = step;
            if (device.asynchronous()) step.askLater(judged, batch.ids());
            else step.nonFinite(nonFiniteIds(b, judged, batch.ids()));
            return step;
        } catch (RuntimeException e) {
            if (slot != null) table.abandon(slot);
            throw CudaFailure.typed("MimicHead.step with features " + Tensors.shape(batch.features()), e);
        }
    }

    /**
     * A further number that must be finite for a sample, besides loss and score: ‖h_i‖² or ℓ_i(θ_ref), [B]; null if
     * there is none.
     */
    private @Nullable Tensor judged(HeadBatch batch, Tensor features) {
        if (weighting.kind() == Weighting.Kind.RHO) return batch.referenceLoss();
        if (!weighting.kind().needsNorms()) return null;
        Tensor norms = batch.featureNormsSquared();
        return norms != null ? norms : Tensors.rowNormsSquared(features);
    }

    /**
     * The ids of the samples that the kernel counted as non-finite, found in the numbers that it checks: see {@code
     * gm_mimic_weights}.
     */
    List<Long> nonFiniteIds(HeadBuffers b, @Nullable Tensor judged, @Nullable Tensor ids) {
        if (nonFinite.get(0) == 0) return List.of();
        boolean[] finite = b.finite();
        long[] names = ids == null ? null : Host.longs(ids);
        if (judged != null) and(finite, judged);
        List<Long> found = new ArrayList<>();
        for (int i = 0; i < finite.length; i++) {
            if (!finite[i]) found.add(names == null ? (long) i : names[i]);
        }
        return List.copyOf(found);
    }

    private static void and(boolean[] finite, Tensor vector) {
        float[] values = Tensors.floats(vector);
        for (int i = 0; i < finite.length; i++) finite[i] &= Float.isFinite(values[i]);
    }

    /** The optimiser writes to the current memory of the parameters, and the head reads the old one. */
    private void requireUnmoved() {
        if (weight.data_ptr().address() != weightAddress
                || (bias != null && bias.data_ptr().address() != biasAddress)) {
            throw new InvalidStateException("the head's parameters were moved to other memory (by set_data(), to() or"
                    + " another head); create a new head");
        }
    }

    /** Computes logits and, if needed, V h. */
    private void project(HeadBatch batch, Tensor features, HeadBuffers b) {
        boolean product = direction != null;
        if (source instanceof DirectionSource.Reference) {
            // An asynchronous device cannot decide by ‖V‖; the product is right for any ‖V‖.
            if (batch.referenceLogits() != null && !device.asynchronous()) {
                direction.refreshNorms();
                product = direction.anyBelow(PRECISE_RATIO_SQUARED);
            }
            if (product) direction.refresh();
        } else if (source instanceof DirectionSource.Comparison comparison) {
            HeadBatch other = comparison.batch().get();
            checks.samples("comparison ", other.features(), other.labels());
            direction.assignNegated(meanGradient(other.features(), other.labels()));
        } else if (source instanceof DirectionSource.OwnMean) {
            direction.assignNegated(meanGradient(features, batch.labels()));
        }
        if (product) torch.mm_out(b.both(), features, stackedTransposed);
        else torch.mm_out(b.alone(), features, weightTransposed);
    }

    /** The mean of δ hᵀ over the finite samples of a batch under the current head, [C,D]. */
    private Tensor meanGradient(Tensor features, Tensor labels) {
        // Autocast would compute these products in 16 bits, except those that write to a given tensor.
        try (Autocast off = Autocast.off(device);
                gm_head_step_args plain = new gm_head_step_args()) {
            Tensor h = Tensors.as(ScalarType.Float, features.detach());
            Tensor logits = torch.mm(h, weightTransposed);
            Pointer.memset(plain, 0, plain.sizeof());
            Weighting.uniform().describe(plain.weighting());
            KernelArrays.describe(plain.logits(), logits);
            KernelArrays.describe(plain.labels(), labels);
            if (biasView != null) KernelArrays.describe(plain.bias(), biasView);
            KernelArrays.describe(plain.weighted_delta(), logits);
            plain.non_finite(nonFinite.at(0));
            Kernels.headStep(queue.now(), plain, queue.workspace());
            if (device.asynchronous()) return torch.mm(logits.t(), finiteElements(h));
            return torch.mm(logits.t(), nonFinite.get(0) == 0 ? h : withoutNonFinite(h));
        }
    }

    private void describe(HeadBatch batch, @Nullable Tensor judged, HeadBuffers b, boolean through) {
        Pointer.memset(args, 0, args.sizeof());
        weighting.describe(args.weighting());
        Tensor logits = b.logits();
        KernelArrays.describe(args.logits(), logits);
        KernelArrays.describe(args.labels(), batch.labels());
        if (biasView != null) KernelArrays.describe(args.bias(), biasView);
        Tensor projected = b.projected();
        if (projected != null) {
            KernelArrays.describe(args.projected(), projected);
        } else if (direction != null) {
            KernelArrays.describe(args.reference_logits(), batch.referenceLogits());
        }
        if (direction != null) {
            args.direction_norm_squared(direction.normSquaredPointer());
            if (source instanceof DirectionSource.Reference reference)
                args.combine(reference.combination().code());
            b.describeScore(args.score());
        } else {
            b.noScore();
        }
        if (judged != null) {
            KernelArrays.describe(
                    weighting.kind() == Weighting.Kind.RHO ? args.reference_loss() : args.feature_norm_squared(),
                    judged);
        }
        b.describeLoss(args.loss());
        b.describeWeight(args.weight());
        KernelArrays.describe(args.weighted_delta(), logits);
        // All tensors without elements have the same address, which the kernel would report as an overlap.
        if (through && !weightsReachAll() && b.rows > 0) KernelArrays.describe(args.delta(), b.delta());
        if (biasView != null) {
            KernelArrays.describe(
                    weightsReachAll() ? args.weighted_delta_sum() : args.mean_delta(), gradients.biasBuffer());
        }
        args.non_finite(nonFinite.at(0));
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
        requireUnmoved();
        try (PointerScope scope = new PointerScope()) {
            HeadBuffers b = step.buffers();
            gradients.add(b.logits(), usable(step, features), share);
            if (input == null) return;
            Tensor back = torch.empty_like(features);
            boolean all = weightsReachAll();
            torch.addmm_out(back, back, all ? b.logits() : b.delta(), weightView, new Scalar(0.0f), new Scalar((float)
                    (all ? share : share / features.size(0))));
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

    private Tensor usable(HeadStep step, Tensor features) {
        if (device.asynchronous()) return finiteElements(features);
        return step.nonFiniteIds().isEmpty() ? features : withoutNonFinite(features);
    }

    /** Like {@link #withoutNonFinite}, but element by element and in one pass, without asking whether it is needed. */
    private static Tensor finiteElements(Tensor features) {
        DoubleOptional zero = new DoubleOptional(0);
        return features.nan_to_num(zero, zero, zero);
    }

    /** The features, with the rows of non-finite samples set to zero, because 0 · NaN would make the product NaN. */
    private static Tensor withoutNonFinite(Tensor features) {
        Tensor finite = features.isfinite().all(1).unsqueeze(1);
        return torch.where(finite, features, torch.zeros_like(features));
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
        if (direction != null) direction.close();
        if (buffers != null) buffers.close();
        if (otherBuffers != null) otherBuffers.close();
        gradients.close();
        queue.close();
        nonFinite.close();
        for (Pointer pointer :
                new Pointer[] {args, stacked, stackedTransposed, weightView, weightTransposed, biasView, weight, bias
                }) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
