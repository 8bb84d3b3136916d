package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A valid request that cannot be served here, for example by this build or this device. The message says what can be.
 */
public final class UnsupportedException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public UnsupportedException(String message) {
        super(message);
    }

    public UnsupportedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
