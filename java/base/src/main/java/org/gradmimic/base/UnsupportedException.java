package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/** A valid request that this build or this device does not support. The message states what is supported. */
public final class UnsupportedException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public UnsupportedException(String message) {
        super(message);
    }

    public UnsupportedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
