package org.gradmimic.tap;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Weighting;
import org.gradmimic.kernel.Descriptors;
import org.gradmimic.kernel.Descriptors.Dtype;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.Provider;
import org.gradmimic.kernel.Workspace;
import org.gradmimic.kernel.abi.gm_mimic_weights_args;
import org.gradmimic.kernel.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/** Scores of a batch to weights, by the rule that {@link org.gradmimic.MimicHead} uses too. */
public final class SampleWeights implements AutoCloseable {
    private final gm_queue queue = Memory.detached(Provider.CPU.queue());
    private final Workspace workspace = new Workspace();

    public SampleWeights() {
        OpenResources.opened();
    }

    /**
     * w_i [B].
     *
     * @param scores [B] m_i; a sample whose score is not finite gets weight 0
     * @param gradientNorms [B] ‖g_i‖, where the rule looks at them
     * @param directionNorm ‖V‖
     */
    public float[] of(Weighting weighting, double[] scores, double @Nullable [] gradientNorms, double directionNorm) {
        int rows = scores.length;
        try (PointerScope scope = new PointerScope();
                gm_mimic_weights_args args = new gm_mimic_weights_args()) {
            Pointer.memset(args, 0, args.sizeof());
            weighting.describe(args.weighting());
            FloatPointer weights = new FloatPointer(Math.max(1, rows));
            Descriptors.contiguous(args.score(), floats(scores), Dtype.F32, rows);
            if (gradientNorms != null) {
                Descriptors.contiguous(args.gradient_norm(), floats(gradientNorms), Dtype.F32, rows);
            }
            Descriptors.contiguous(args.weight(), weights, Dtype.F32, rows);
            args.direction_norm_squared(new DoublePointer(1).put(directionNorm * directionNorm));
            Kernels.mimicWeights(queue, args, workspace);
            float[] result = new float[rows];
            weights.get(result);
            return result;
        }
    }

    private static FloatPointer floats(double[] values) {
        FloatPointer floats = new FloatPointer(Math.max(1, values.length));
        for (int i = 0; i < values.length; i++) floats.put(i, (float) values[i]);
        return floats;
    }

    @Override
    public void close() {
        OpenResources.closed();
        workspace.close();
        queue.deallocate();
    }
}
