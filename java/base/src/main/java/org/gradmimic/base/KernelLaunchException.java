package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A kernel could not be launched. Nothing ran, and the device stays usable.
 */
public final class KernelLaunchException extends DeviceException {
    private static final long serialVersionUID = 1L;

    public KernelLaunchException(String message) {
        super(message);
    }

    public KernelLaunchException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
