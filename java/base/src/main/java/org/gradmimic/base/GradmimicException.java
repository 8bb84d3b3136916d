package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/** A failure of libgradmimic. The message names the operation, the argument and the shapes. */
public class GradmimicException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public GradmimicException(String message) {
        super(message);
    }

    public GradmimicException(String message, Throwable cause) {
        super(message, cause);
    }

    /** A shape, stride, dtype, pointer or value that the operation's contract refuses. */
    public static final class InvalidArgument extends GradmimicException {
        private static final long serialVersionUID = 1;

        public InvalidArgument(String message) {
            super(message);
        }
    }

    /** A valid request that this provider cannot serve here; the message says what can. */
    public static final class Unsupported extends GradmimicException {
        private static final long serialVersionUID = 1;

        public Unsupported(String message) {
            super(message);
        }
    }

    /** A batch without a single finite score. */
    public static final class NonFinite extends GradmimicException {
        private static final long serialVersionUID = 1;

        public NonFinite(String message) {
            super(message);
        }
    }

    /** Native memory ran out, on the host or on the device. */
    public static final class OutOfMemory extends GradmimicException {
        private static final long serialVersionUID = 1;

        public OutOfMemory(String message) {
            super(message);
        }

        public OutOfMemory(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** A CUDA call or kernel failed; the message has CUDA's own text and name of the error. */
    public static class Cuda extends GradmimicException {
        private static final long serialVersionUID = 1;

        public Cuda(String message) {
            super(message);
        }

        public Cuda(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** A kernel could not be launched. Nothing ran; the device can be used on. */
    public static final class CudaLaunch extends Cuda {
        private static final long serialVersionUID = 1;

        public CudaLaunch(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * A kernel went wrong while it ran (an illegal address, an assertion, a fault of the memory). Every later call of CUDA in
     * this process fails too: it has to be started again. The kernel at fault may be an earlier one than the operation that
     * is named; {@code CUDA_LAUNCH_BLOCKING=1} in the environment finds it.
     */
    public static final class CudaSticky extends Cuda {
        private static final long serialVersionUID = 1;

        public CudaSticky(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** The native library cannot be loaded or does not fit these classes. */
    public static final class Load extends GradmimicException {
        private static final long serialVersionUID = 1;

        public Load(String message, Throwable cause) {
            super(message, cause);
        }

        public Load(String message) {
            super(message);
        }
    }
}
