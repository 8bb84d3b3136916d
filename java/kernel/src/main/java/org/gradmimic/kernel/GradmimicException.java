package org.gradmimic.kernel;

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
    }

    /** A CUDA call or kernel failed. */
    public static final class Cuda extends GradmimicException {
        private static final long serialVersionUID = 1;

        public Cuda(String message) {
            super(message);
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
