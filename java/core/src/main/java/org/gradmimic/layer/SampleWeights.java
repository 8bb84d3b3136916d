package org.gradmimic.layer;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Weighting;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.abi.gm_mimic_weights_args;
import org.jspecify.annotations.Nullable;

/** Scores of a batch to weights, by the rule that {@link org.gradmimic.MimicHead} uses too. */
public final class SampleWeights implements AutoCloseable {
    private final Device device;
    private final DeviceQueue queue;
    private boolean closed;

    /** Where the scores are. */
    public SampleWeights(Device device) {
        this.device = device;
        queue = new DeviceQueue(device);
        OpenResources.opened();
    }

    /**
     * w_i [B] float, in the caller's scope.
     *
     * @param scores [B] m_i; a sample whose score is not finite gets weight 0
     * @param gradientNorms [B] ‖g_i‖, where the rule looks at them
     * @param directionNormSquared [1] double, ‖V‖²
     * @throws NonFiniteException on the CPU, if no score is finite
     */
    public Tensor of(Weighting weighting, Tensor scores, @Nullable Tensor gradientNorms, Tensor directionNormSquared) {
        Tensor weights = device.empty(ScalarType.Float, scores.size(0));
        try (PointerScope scope = new PointerScope();
                gm_mimic_weights_args args = new gm_mimic_weights_args()) {
            Pointer.memset(args, 0, args.sizeof());
            describe(weighting, args);
            KernelArrays.describe(args.score(), floats(scores));
            if (gradientNorms != null) KernelArrays.describe(args.gradient_norm(), floats(gradientNorms));
            KernelArrays.describe(args.weight(), weights);
            args.direction_norm_squared(new DoublePointer(directionNormSquared.data_ptr()));
            Kernels.mimicWeights(queue.now(), args, queue.workspace());
        }
        return weights;
    }

    private static void describe(Weighting weighting, gm_mimic_weights_args args) {
        Descriptors.weighting(
                args.weighting(),
                weighting.kind().toString(),
                weighting.temperature(),
                weighting.lambda(),
                weighting.rhoAttached());
    }

    private static Tensor floats(Tensor values) {
        return values.to(ScalarType.Float).contiguous();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        queue.close();
    }
}
