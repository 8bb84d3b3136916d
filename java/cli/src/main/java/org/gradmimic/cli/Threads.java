package org.gradmimic.cli;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/** The CPU threads of the native libraries. */
final class Threads {
    private Threads() {}

    /**
     * Lets LibTorch, its BLAS and libgradmimic use at most {@code n} threads each. The first and the last share one
     * OpenMP setting; OpenBLAS has threads of its own, which {@code torch::set_num_threads} does not reach.
     */
    static void limit(int n) {
        torch.set_num_threads(n);
        openblas_nolapack.blas_set_num_threads(n);
    }
}
