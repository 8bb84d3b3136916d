package org.gradmimic.device;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** What tests tagged {@code gpu} run on. */
public final class Gpu {
    private Gpu() {}

    /** The first CUDA device; skips the test where there is none, and says why; fails it under {@code -Dgradmimic.gpu=required}. */
    public static Device device() {
        String problem = CudaSupport.problem(0);
        if ("required".equals(System.getProperty("gradmimic.gpu"))) return Device.cuda(0);
        assumeTrue(problem == null, () -> "needs a CUDA device: " + problem);
        return Device.cuda(0);
    }
}
