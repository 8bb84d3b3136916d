package org.gradmimic;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.device.CudaSupport;
import org.gradmimic.kernel.NativeLibrary;
import org.gradmimic.kernel.internal.Kernels;

/**
 * The CPU threads of LibTorch, its BLAS and the kernels. LibTorch and the kernels work on OpenMP's pool of threads, OpenBLAS
 * has one of its own, and two pools on the same cores cost a small training step more than its arithmetic: while one works
 * the other's threads spin, or sleep and are woken for every product. So OpenBLAS is made to work on OpenMP's, in this
 * whole process, as soon as this package sees its first tensor.
 */
public final class CpuThreads {
    /** {@code MAX_THREADS} of the presets' OpenBLAS. */
    private static final int OPENBLAS_MAX_THREADS = 64;

    private static final boolean SHARED = share();

    private CpuThreads() {}

    private static boolean share() {
        try {
            CudaSupport.prepare();
            Loader.load(torch.class); // its OpenMP first: the kernels take the one that is there
            Loader.load(openblas_nolapack.class);
            Pointer setCallback = Loader.addressof("openblas_set_threads_callback_function");
            if (setCallback == null || Runtime.getRuntime().availableProcessors() > OPENBLAS_MAX_THREADS / 2) {
                return false;
            }
            Kernels.shareThreads(setCallback, OPENBLAS_MAX_THREADS);
            return true;
        } catch (LinkageError | GradmimicException e) {
            return false; // whatever cannot be loaded says so where it is used
        }
    }

    /**
     * Whether OpenBLAS works on OpenMP's threads: not where another BLAS was put into its place, nor with more processors
     * than half of the threads OpenBLAS was built for.
     */
    public static boolean shared() {
        return SHARED;
    }

    /** Threads LibTorch uses at most. */
    public static int libTorch() {
        return torch.get_num_threads();
    }

    /** Threads the kernels use at most; OpenMP's setting, like LibTorch's. */
    public static int kernels() {
        return NativeLibrary.cpuThreads();
    }

    /**
     * Lets LibTorch, its BLAS and libgradmimic use at most {@code n} threads each. OpenBLAS has a number of its own, which
     * {@code torch::set_num_threads} does not reach.
     */
    public static void limit(int n) {
        torch.set_num_threads(n);
        openblas_nolapack.blas_set_num_threads(n);
    }
}
