package org.gradmimic;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.device.Host;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_head_step_args;
import org.jspecify.annotations.Nullable;

/** The head's kernel: its queue, its arguments, and the number of non-finite samples that it counted. */
final class HeadKernel implements AutoCloseable {
    private final Device device;
    private final HeadParameters parameters;
    private final DirectionSource source;
    private final HeadGradients gradients;
    private final DeviceQueue queue;
    private final gm_head_step_args args = Memory.detached(new gm_head_step_args());

    /** The number of non-finite samples of the newest call. */
    private final DeviceArray<LongPointer> nonFinite;

    /** The parameters and gradients are the caller's. */
    HeadKernel(Device device, HeadParameters parameters, DirectionSource source, HeadGradients gradients) {
        this.device = device;
        this.parameters = parameters;
        this.source = source;
        this.gradients = gradients;
        queue = new DeviceQueue(device);
        nonFinite = DeviceArray.longs(device, 1);
    }

    /**
     * Computes losses, scores, weights, w ⊙ δ and the bias gradient from the logits in the buffers.
     *
     * @param mustBeFinite as {@link #nonFiniteIds} takes it
     * @param all whether the weights apply to the gradients of all parameters
     * @param through whether a backward pass continues to the features
     */
    void step(
            HeadBatch batch,
            Weighting weighting,
            @Nullable Tensor mustBeFinite,
            HeadBuffers b,
            boolean all,
            boolean through) {
        Pointer.memset(args, 0, args.sizeof());
        weighting.describe(args.weighting());
        Tensor logits = b.logits();
        KernelArrays.describe(args.logits(), logits);
        KernelArrays.describe(args.labels(), batch.labels());
        describeScores(batch, b);
        if (mustBeFinite != null) {
            KernelArrays.describe(
                    weighting.kind() == Weighting.Kind.RHO ? args.reference_loss() : args.feature_norm_squared(),
                    mustBeFinite);
        }
        b.describeLoss(args.loss());
        b.describeWeight(args.weight());
        KernelArrays.describe(args.weighted_delta(), logits);
        // All tensors without elements have the same address, which the kernel would report as an overlap.
        if (through && !all && b.rows > 0) KernelArrays.describe(args.delta(), b.delta());
        Tensor bias = parameters.biasView();
        Tensor biasGradient = gradients.biasBuffer();
        if (bias != null && biasGradient != null) {
            KernelArrays.describe(args.bias(), bias);
            KernelArrays.describe(all ? args.weighted_delta_sum() : args.mean_delta(), biasGradient);
        }
        args.non_finite(nonFinite.at(0));
        Kernels.headStep(queue.now(), args, queue.workspace());
        if (source instanceof DirectionSource.Reference reference) b.combine(reference.combination());
    }

    private void describeScores(HeadBatch batch, HeadBuffers b) {
        Direction direction = parameters.direction();
        if (direction == null) {
            b.noScore();
            return;
        }
        Tensor projected = b.projected();
        Tensor referenceLogits = batch.referenceLogits();
        if (projected != null) KernelArrays.describe(args.projected(), projected);
        else if (referenceLogits != null) KernelArrays.describe(args.reference_logits(), referenceLogits);
        args.direction_norm_squared(direction.normSquaredPointer());
        if (source instanceof DirectionSource.Reference reference)
            args.combine(reference.combination().code());
        b.describeScore(args.score());
    }

    /** The mean of δ hᵀ over the finite samples of a batch under the current head, [C,D]. */
    Tensor meanGradient(Tensor features, Tensor labels) {
        // Autocast would compute these products in 16 bits, except those that write to a given tensor.
        try (Autocast off = Autocast.off(device);
                gm_head_step_args plain = new gm_head_step_args()) {
            Tensor h = Tensors.as(ScalarType.Float, features.detach());
            Tensor logits = parameters.logits(h);
            Tensor bias = parameters.biasView();
            Pointer.memset(plain, 0, plain.sizeof());
            Weighting.uniform().describe(plain.weighting());
            KernelArrays.describe(plain.logits(), logits);
            KernelArrays.describe(plain.labels(), labels);
            if (bias != null) KernelArrays.describe(plain.bias(), bias);
            KernelArrays.describe(plain.weighted_delta(), logits);
            plain.non_finite(nonFinite.at(0));
            Kernels.headStep(queue.now(), plain, queue.workspace());
            return torch.mm(logits.t(), finite(h, () -> nonFinite.get(0) != 0));
        }
    }

    /**
     * The ids of the samples that the kernel counted as non-finite, found in the numbers that it checks: see {@code
     * gm_mimic_weights}.
     *
     * @param mustBeFinite [B], a further number that must be finite for a sample, besides loss and score; null if there is none
     * @param ids [B]; null for the positions in the batch
     */
    List<Long> nonFiniteIds(HeadBuffers b, @Nullable Tensor mustBeFinite, @Nullable Tensor ids) {
        if (nonFinite.get(0) == 0) return List.of();
        boolean[] finite = b.finite();
        long[] known = ids == null ? null : Host.longs(ids);
        if (mustBeFinite != null) and(finite, mustBeFinite);
        List<Long> found = new ArrayList<>();
        for (int i = 0; i < finite.length; i++) {
            if (!finite[i]) found.add(known == null ? (long) i : known[i]);
        }
        return List.copyOf(found);
    }

    private static void and(boolean[] finite, Tensor vector) {
        float[] values = Tensors.floats(vector);
        for (int i = 0; i < finite.length; i++) finite[i] &= Float.isFinite(values[i]);
    }

    /**
     * The features without numbers that are not finite, because 0 · NaN would make a product NaN. The CPU sets the rows of
     * non-finite samples to zero, if there are any. A device does so element by element and in one pass, without asking
     * whether it is needed.
     *
     * @param anyNonFinite whether there is such a row
     */
    Tensor finite(Tensor features, BooleanSupplier anyNonFinite) {
        if (device.asynchronous()) {
            DoubleOptional zero = new DoubleOptional(0);
            return features.nan_to_num(zero, zero, zero);
        }
        if (!anyNonFinite.getAsBoolean()) return features;
        Tensor finite = features.isfinite().all(1).unsqueeze(1);
        return torch.where(finite, features, torch.zeros_like(features));
    }

    @Override
    public void close() {
        queue.close();
        nonFinite.close();
        args.deallocate();
    }
}
