package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A kernel failed while it ran: an illegal address, an assertion, a memory fault. CUDA keeps such an error, so every
 * later CUDA call of this process fails too, and the process must be restarted. The faulty kernel may be an earlier one
 * than the named operation. {@code CUDA_LAUNCH_BLOCKING=1} in the environment finds it.
 */
public final class FatalDeviceException extends DeviceException {
    private static final long serialVersionUID = 1L;

    public FatalDeviceException(String message) {
        super(message);
    }

    public FatalDeviceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
