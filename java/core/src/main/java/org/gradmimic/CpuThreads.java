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
 * The CPU threads of LibTorch, its BLAS and the kernels. LibTorch and the kernels use OpenMP's pool of threads, and
 * OpenBLAS has its own. On the same cores, two pools cost a small training step more time than its arithmetic: while
 * one pool works, the threads of the other spin, or sleep and must be woken for every product. This package therefore
 * makes OpenBLAS use OpenMP's pool, in the whole process, as soon as it sees its first tensor.
 */
public final class CpuThreads {
    /** {@code MAX_THREADS} of the presets' OpenBLAS. */
    private static final int OPENBLAS_MAX_THREADS = 64;

    private static final boolean SHARED = share();

    private CpuThreads() {}

    private static boolean share() {
        try {
            CudaSupport.prepare();
            Loader.load(torch.class); // OpenMP's runtime of the presets first: the kernels use the one that is loaded.
            Loader.load(openblas_nolapack.class);
            Pointer setCallback = Loader.addressof("openblas_set_threads_callback_function");
            if (setCallback == null || Runtime.getRuntime().availableProcessors() > OPENBLAS_MAX_THREADS / 2) {
                return false;
            }
            Kernels.shareThreads(setCallback, OPENBLAS_MAX_THREADS);
            return true;
        } catch (LinkageError | GradmimicException e) {
            return false; // A library that cannot be loaded is reported where it is used.
        }
    }

    /**
     * Whether OpenBLAS uses OpenMP's threads. It does not if another BLAS replaces it, or if there are more processors
     * than half of the threads OpenBLAS was built for.
     */
    public static boolean shared() {
        return SHARED;
    }

    /** The largest number of threads that LibTorch uses. */
    public static int libTorch() {
        return torch.get_num_threads();
    }

    /** The largest number of threads that the kernels use. It is OpenMP's setting, like LibTorch's. */
    public static int kernels() {
        return NativeLibrary.cpuThreads();
    }

    /**
     * Limits LibTorch, its BLAS and libgradmimic to {@code n} threads each. OpenBLAS has its own limit, which {@code
     * torch::set_num_threads} does not change.
     */
    public static void limit(int n) {
        torch.set_num_threads(n);
        openblas_nolapack.blas_set_num_threads(n);
    }
}
