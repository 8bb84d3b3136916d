package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * Native memory ran out, on the host or on the device.
 */
public final class OutOfMemoryException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public OutOfMemoryException(String message) {
        super(message);
    }

    public OutOfMemoryException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
