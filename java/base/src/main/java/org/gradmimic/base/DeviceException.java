package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/** A CUDA call or a kernel failed. The message contains CUDA's own text and name of the error. */
public class DeviceException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
