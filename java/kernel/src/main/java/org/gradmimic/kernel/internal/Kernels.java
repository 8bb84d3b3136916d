package org.gradmimic.kernel.internal;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.gradmimic.base.FatalDeviceException;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.base.OutOfMemoryException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.NativeLibrary;
import org.gradmimic.kernel.internal.abi.gm_clip_scores_args;
import org.gradmimic.kernel.internal.abi.gm_direction_args;
import org.gradmimic.kernel.internal.abi.gm_ghost_dot_args;
import org.gradmimic.kernel.internal.abi.gm_ghost_norm_args;
import org.gradmimic.kernel.internal.abi.gm_head_score_args;
import org.gradmimic.kernel.internal.abi.gm_head_step_args;
import org.gradmimic.kernel.internal.abi.gm_mimic_weights_args;
import org.gradmimic.kernel.internal.abi.gm_projected_dot_args;
import org.gradmimic.kernel.internal.abi.gm_queue;
import org.gradmimic.kernel.internal.abi.gm_row_dot_args;
import org.gradmimic.kernel.internal.abi.gm_scale_rows_args;
import org.gradmimic.kernel.internal.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/**
 * The operations of the C ABI, one method each, with the same names. {@code gradmimic.h} specifies what they compute,
 * with shapes and units. Each runs on its queue with scratch memory from the workspace, and throws a {@link
 * GradmimicException} that names the operation, the argument and the shapes.
 */
public final class Kernels {
    private Kernels() {}

    /** Runs {@code gm_direction}. */
    public static void direction(gm_queue queue, gm_direction_args args, Workspace workspace) {
        run(gradmimic::gm_direction_workspace_size, gradmimic::gm_direction, queue, args, workspace);
    }

    /** Runs {@code gm_head_step}. */
    public static void headStep(gm_queue queue, gm_head_step_args args, Workspace workspace) {
        run(gradmimic::gm_head_step_workspace_size, gradmimic::gm_head_step, queue, args, workspace);
    }

    /** Runs {@code gm_head_score}. */
    public static void headScore(gm_queue queue, gm_head_score_args args, Workspace workspace) {
        run(gradmimic::gm_head_score_workspace_size, gradmimic::gm_head_score, queue, args, workspace);
    }

    /** Runs {@code gm_mimic_weights}. */
    public static void mimicWeights(gm_queue queue, gm_mimic_weights_args args, Workspace workspace) {
        run(gradmimic::gm_mimic_weights_workspace_size, gradmimic::gm_mimic_weights, queue, args, workspace);
    }

    /**
     * Runs {@code gm_mimic_weights_reduce}, the first half of the softmax kinds: their maximum, and their sum relative
     * to it, to be exchanged between ranks.
     */
    public static void mimicWeightsReduce(gm_queue queue, gm_mimic_weights_args args, double[] maxAndSum) {
        check(gradmimic.gm_mimic_weights_reduce(queue, args, maxAndSum));
    }

    /** Runs {@code gm_mimic_weights_apply}, the second half: weights from the maximum and sum over all ranks. */
    public static void mimicWeightsApply(gm_queue queue, gm_mimic_weights_args args, double[] maxAndSum) {
        check(gradmimic.gm_mimic_weights_apply(queue, args, maxAndSum));
    }

    /** Runs {@code gm_scale_rows}. */
    public static void scaleRows(gm_queue queue, gm_scale_rows_args args) {
        check(gradmimic.gm_scale_rows(queue, args));
    }

    /** Runs {@code gm_ghost_dot}. */
    public static void ghostDot(gm_queue queue, gm_ghost_dot_args args, Workspace workspace) {
        run(gradmimic::gm_ghost_dot_workspace_size, gradmimic::gm_ghost_dot, queue, args, workspace);
    }

    /**
     * Runs {@code gm_ghost_dot_form}: the form that {@code gm_ghost_dot} would choose, or {@code GM_GHOST_DOT_PRODUCT}
     * if a matrix product by the caller is expected to be faster.
     */
    public static int ghostDotForm(gm_queue queue, gm_ghost_dot_args args) {
        int[] form = new int[1];
        check(gradmimic.gm_ghost_dot_form(queue, args, form));
        return form[0];
    }

    /** Runs {@code gm_ghost_norm}. */
    public static void ghostNorm(gm_queue queue, gm_ghost_norm_args args, Workspace workspace) {
        run(gradmimic::gm_ghost_norm_workspace_size, gradmimic::gm_ghost_norm, queue, args, workspace);
    }

    /** Runs {@code gm_projected_dot}. */
    public static void projectedDot(gm_queue queue, gm_projected_dot_args args, Workspace workspace) {
        run(gradmimic::gm_projected_dot_workspace_size, gradmimic::gm_projected_dot, queue, args, workspace);
    }

    /** Runs {@code gm_row_dot}. */
    public static void rowDot(gm_queue queue, gm_row_dot_args args, Workspace workspace) {
        run(gradmimic::gm_row_dot_workspace_size, gradmimic::gm_row_dot, queue, args, workspace);
    }

    /** Runs {@code gm_clip_scores}. */
    public static void clipScores(gm_queue queue, gm_clip_scores_args args, Workspace workspace) {
        run(gradmimic::gm_clip_scores_workspace_size, gradmimic::gm_clip_scores, queue, args, workspace);
    }

    /**
     * Runs {@code gm_share_threads}, which makes OpenBLAS run its work on OpenMP's threads. gradmimic.h explains when
     * this is valid.
     *
     * @param setCallback the address of its {@code openblas_set_threads_callback_function}
     * @param maxThreads its {@code MAX_THREADS}
     */
    public static void shareThreads(Pointer setCallback, int maxThreads) {
        NativeLibrary.require();
        check(gradmimic.gm_share_threads(setCallback, maxThreads));
    }

    @FunctionalInterface
    private interface Size<A extends Pointer> {
        int call(gm_queue queue, A args, SizeTPointer bytes);
    }

    @FunctionalInterface
    private interface Operation<A extends Pointer> {
        int call(gm_queue queue, A args, @Nullable Pointer workspace, long bytes);
    }

    private static <A extends Pointer> void run(
            Size<A> size, Operation<A> operation, gm_queue queue, A args, Workspace workspace) {
        SizeTPointer bytes = workspace.size();
        check(size.call(queue, args, bytes));
        Pointer memory = workspace.reserve(bytes.get());
        check(operation.call(queue, args, memory, workspace.bytes()));
    }

    static void check(int status) {
        if (status == gradmimic.GM_OK) return;
        throw failure(status, gradmimic.gm_last_error().getString());
    }

    /** The exception for a failing status and its message. */
    static GradmimicException failure(int status, String message) {
        return switch (status) {
            case gradmimic.GM_INVALID_ARGUMENT -> new InvalidArgumentException(message);
            case gradmimic.GM_UNSUPPORTED -> new UnsupportedException(message);
            case gradmimic.GM_NON_FINITE -> new NonFiniteException(message);
            case gradmimic.GM_OUT_OF_MEMORY -> new OutOfMemoryException(message);
            case gradmimic.GM_CUDA_ERROR -> CudaFailure.of(message);
            case gradmimic.GM_CUDA_FATAL -> new FatalDeviceException(message);
            default -> new InternalException(message);
        };
    }
}
