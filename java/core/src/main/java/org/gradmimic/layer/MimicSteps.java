package org.gradmimic.layer;

import java.util.Arrays;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.ReferenceCombination;
import org.gradmimic.ScoreTable;
import org.gradmimic.StepBuilder;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.internal.OneThread;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * Training steps with any layer, or all, as mimic layer: scores and weights of the samples a forward pass through
 * {@link RecordingLayers} has seen, then the weighted gradients.
 *
 * <ul>
 *   <li>{@link Calibration#LAYER}: one backward pass of the mean loss; the mimic layer's gradients are Σ w_i g_i from its
 *       inputs and δ; all others are those of plain training.
 *   <li>{@link Calibration#ALL}: the backward pass goes down to the last {@link Layers#boundary} below which no mimic layer
 *       lies and forms δ only; then come the scores and weights, the weighted gradients of everything above, and the rest of
 *       the backward pass from w ⊙ δ.
 * </ul>
 *
 * <p>On a CUDA device a step and its backward pass neither wait nor read a number. A sample that is not finite then makes the batch's
 * weights and gradients zero; {@link MimicStep#nonFiniteIds()} and the drained table report it.
 *
 * <p>Losses must not couple samples; {@link #step(ContrastiveBatch, Tensor)} is for losses that do. Only
 * the parameters given to the recording layers are trained. Not thread-safe.
 */
public final class MimicSteps implements AutoCloseable {
    private static final Scalar ZERO = Memory.detached(new Scalar(0.0));

    private final RecordingLayers layers;
    private final Calibration calibration;
    private final ReferenceCombination combination;
    private final @Nullable ScoreTable table;
    private final SampleWeights sampleWeights;
    private Weighting weighting;
    private @Nullable MimicStep current;
    private @Nullable BackwardPass pending;
    private @Nullable StepTensors tensors;

    /** On a device: a boolean tensor, whether the newest step must be skipped. */
    private @Nullable Tensor skip;

    private final OneThread thread = new OneThread("these steps");
    private boolean closed;

    private MimicSteps(Builder settings, Weighting weighting, Calibration calibration, @Nullable ScoreTable table) {
        layers = settings.layers;
        combination = settings.combination;
        this.calibration = calibration;
        this.table = table;
        combination.check(layers.recorder().references());
        for (ModelParameter parameter : layers.recorder().mimic()) {
            Tensors.requireTrainable("parameter " + parameter.name(), parameter.live());
        }
        this.weighting = checked(weighting);
        layers.everyTrained(calibration == Calibration.ALL);
        if (table != null) table.require(layers.device());
        sampleWeights = new SampleWeights(layers.device());
        OpenResources.opened();
    }

    /**
     * A builder of steps over the forward passes that these layers record.
     *
     * @param layers closed by the caller
     */
    public static Builder builder(RecordingLayers layers) {
        return new Builder(layers);
    }

    /** Collects the parts of the steps. {@code AGRA} and {@code RHO} are weightings of a head alone. */
    public static final class Builder extends StepBuilder<Builder> {
        private final RecordingLayers layers;
        private ReferenceCombination combination = ReferenceCombination.one(0);

        private Builder(RecordingLayers layers) {
            this.layers = layers;
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Sets which score determines the weight if there are several references; the default is the first reference's.
         */
        public Builder combination(ReferenceCombination combination) {
            this.combination = combination;
            return this;
        }

        /**
         * Builds the steps.
         *
         * @throws InvalidArgumentException for a missing weighting, or one that needs something other than scores
         */
        public MimicSteps build() {
            return new MimicSteps(this, requireWeighting("steps need"), calibration(), table());
        }
    }

    private Weighting checked(Weighting asked) {
        if (asked.kind() == Weighting.Kind.AGRA || asked.kind() == Weighting.Kind.RHO) {
            throw new InvalidArgumentException("weighting " + asked.kind()
                    + " is not made from scores toward a reference; it is for a classification head (MimicHead)");
        }
        combination.check(asked);
        return asked;
    }

    /** Changes the weighting from the next step on, for example at the starting epoch, when plain training ends. */
    public void weighting(Weighting asked) {
        weighting = checked(asked);
    }

    /**
     * Scores and weights the batch of the forward pass that computed these losses. {@link MimicStep#backward()}
     * computes the gradients.
     *
     * @param losses ℓ_i [B], with their graph, each a function of sample i alone (except through batch normalisation)
     * @param ids [B] long, the samples' ids in the score table; null counts from 0
     * @throws InvalidArgumentException for losses or ids of another shape, type or device
     * @throws InvalidStateException if a mimic layer was not called through the recording layers
     * @throws NonFiniteException on the CPU, if no sample has a finite loss and score
     */
    public MimicStep step(Tensor losses, @Nullable Tensor ids) {
        Tensors.requireThere("losses", losses);
        enter();
        try (PointerScope scope = new PointerScope()) {
            begin();
            ForwardPass forward = OutputGradients.take(layers, losses);
            return step(forward, losses, ids, null, () -> {
                pending = new DecoupledPass(layers.recorder().parameters(), forward, calibration, losses);
                return OutputGradients.scores(
                        layers, forward, losses, weighting.kind().needsNorms());
            });
        } finally {
            leave();
        }
    }

    /** Like {@link #step(Tensor, Tensor)}, losses [B], with the ids 0 to B-1. */
    public MimicStep step(Tensor losses) {
        return step(losses, null);
    }

    /** Like {@link #step(ContrastiveBatch, Tensor)}, with the ids 0 to B-1. */
    public MimicStep step(ContrastiveBatch batch) {
        return step(batch, null);
    }

    /**
     * Like {@link #step(Tensor, Tensor)} for a contrastive loss, after {@link RecordingLayers#contrastive}. The weights
     * multiply the losses.
     *
     * @param ids [B] long, the samples' ids in the score table; null counts from 0
     * @throws InvalidArgumentException for a weighting by gradient norms, which have no exact form here
     * @throws InvalidStateException if {@link RecordingLayers#contrastive} was not called before the forward pass
     */
    public MimicStep step(ContrastiveBatch batch, @Nullable Tensor ids) {
        if (weighting.kind().needsNorms()) {
            throw new InvalidArgumentException("weighting " + weighting.kind()
                    + " needs gradient norms, which samples of a contrastive loss don't have");
        }
        ContrastiveScore score = layers.requireContrastive();
        enter();
        try (PointerScope scope = new PointerScope()) {
            begin();
            Tensor losses = batch.losses();
            ForwardPass forward = OutputGradients.take(layers, losses);
            return step(forward, losses, ids, batch, () -> {
                pending = new ContrastivePass(layers.recorder().parameters(), forward, calibration, losses);
                if (score == ContrastiveScore.EXACT) return ContrastiveScores.exact(layers, forward, batch);
                return OutputGradients.scores(layers, forward, losses, false, true);
            });
        } finally {
            leave();
        }
    }

    /** The layers are in use as well: closing them would free what a step reads. */
    private void enter() {
        thread.enter();
        try {
            layers.enter();
        } catch (InvalidStateException e) {
            thread.leave();
            throw e;
        }
    }

    private void leave() {
        layers.leave();
        thread.leave();
    }

    private void begin() {
        if (closed) throw new InvalidStateException("these steps are closed");
        endCurrent();
    }

    /** Ends a step, if it is the newest. */
    void end(MimicStep step) {
        thread.enter();
        try {
            if (step == current) endCurrent();
        } finally {
            thread.leave();
        }
    }

    private void endCurrent() {
        current = null;
        release();
        forget();
    }

    /**
     * Scores by a backward pass whose second half remains in {@link #pending}. If numbers may be read, a non-finite one
     * ends the step. Otherwise {@link #skip} tells this to the code that adds gradients.
     *
     * @param batch of a contrastive loss; null for any other loss
     */
    private MimicStep step(
            ForwardPass forward,
            Tensor losses,
            @Nullable Tensor ids,
            @Nullable ContrastiveBatch batch,
            Supplier<ScoreTensors> firstHalf) {
        boolean synchronous = !layers.device().asynchronous();
        try (Autocast off = Autocast.off(layers.device())) {
            Tensor sampleIds = idsOrPositions(ids, losses.size(0));
            boolean nonFiniteLoss =
                    synchronous && !Arrays.stream(Host.doubles(losses)).allMatch(Double::isFinite);
            ScoreTensors scores = nonFiniteLoss ? noScores(OutputGradients.wide(losses)) : firstHalf.get();
            Tensor combined = combination.of(scores.scores());
            Tensor checked = checkedScores(scores, combined, nonFiniteLoss);
            Tensor finite = checked.sub(checked).eq(ZERO);
            Tensor none = finite.all().logical_not();
            boolean skipped = synchronous && Host.truth(none);
            Tensor weights = skipped
                    ? torch.zeros_like(combined).to(ScalarType.Float)
                    : weights(scores, checked).masked_fill_(none, ZERO);
            Tensor sources = batch == null || synchronous && !skipped ? null : batch.invalidFeatureMask();
            StepTensors found = new StepTensors(scores, combined, weights, finite, sampleIds, sources);
            tensors = found;
            StepTensors.Numbers numbers = null;
            if (synchronous) {
                numbers = found.read();
                if (skipped) requireOneFinite(numbers.nonFinite().size(), losses.size(0));
            }
            if (table != null) table.append(sampleIds, combined, weights, scores.losses());
            skip = synchronous ? null : Tensors.handle(none);
            MimicStep step = new MimicStep(this, found, numbers);
            current = step;
            return step;
        } catch (RuntimeException e) {
            throw CudaFailure.typed("MimicSteps.step of " + losses.size(0) + " samples", e);
        } finally {
            if (current == null || synchronous && current.skipped()) release();
            if (pending == null) forward.close();
        }
    }

    private static void requireOneFinite(int nonFinite, long rows) {
        if (nonFinite < rows) return;
        throw new NonFiniteException("none of the " + rows + " samples of the batch has a finite loss and score");
    }

    private ScoreTensors noScores(Tensor losses) {
        Device device = layers.device();
        int references = layers.recorder().references();
        Tensor scores = device.empty(ScalarType.Double, references, losses.size(0));
        return new ScoreTensors(
                losses,
                scores.fill_(new Scalar(Double.NaN)),
                null,
                device.empty(ScalarType.Double, references).zero_());
    }

    /**
     * [B] the number from which the sample's weight is computed: its score, or a non-finite number if the score, the
     * loss or the norm is not finite.
     *
     * @param nonFiniteLoss whether no scores were computed, because of a non-finite loss
     */
    private static Tensor checkedScores(ScoreTensors scores, Tensor combined, boolean nonFiniteLoss) {
        Tensor unusable = scores.losses().mul(ZERO); // 0 · ∞ is NaN
        Tensor norms = scores.gradientNorms();
        if (norms != null) unusable.add_(norms.mul(ZERO));
        return nonFiniteLoss ? unusable : unusable.add_(combined);
    }

    private Tensor weights(ScoreTensors scores, Tensor checked) {
        Tensor distance = scores.directionNorms().narrow(0, combination.reference(), 1);
        try {
            return sampleWeights.of(weighting, checked, scores.gradientNorms(), distance.square());
        } catch (NonFiniteException e) {
            if (!layers.device().asynchronous()) throw e;
            return torch.zeros_like(checked).to(ScalarType.Float); // As the kernel of a device does.
        }
    }

    private Tensor idsOrPositions(@Nullable Tensor ids, long rows) {
        if (ids == null) {
            return torch.arange(new Scalar(rows), layers.device().options(ScalarType.Long));
        }
        Tensors.requireLong("ids", ids);
        Tensors.requireShape("ids", ids, rows);
        layers.device().require("ids", ids);
        return ids.detach().clone();
    }

    void requireCurrent(MimicStep step) {
        if (closed) throw new InvalidStateException("these steps are closed");
        if (step != current) {
            throw new InvalidStateException("this step has ended: it was closed, or another step has begun");
        }
    }

    void backward(Tensor weights, double share) {
        BackwardPass pass = pending;
        if (pass == null) return; // The step is skipped.
        enter();
        try (Autocast off = Autocast.off(layers.device())) {
            pass.run(weights, share, skip);
        } catch (RuntimeException e) {
            throw CudaFailure.typed("MimicStep.backward of " + weights.size(0) + " samples", e);
        } finally {
            release();
            leave();
        }
    }

    /** Discards a backward pass with its forward pass. */
    private void release() {
        if (pending == null) return;
        pending.close();
        pending = null;
    }

    /** Discards the results of the previous step. */
    private void forget() {
        if (tensors != null) tensors.close();
        if (skip != null) skip.deallocate();
        tensors = null;
        skip = null;
    }

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
        sampleWeights.close();
        OpenResources.closed();
    }
}
