package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A call that the object cannot serve now, because it is closed, is used by another thread, or needs an earlier call.
 * The message says which.
 */
public final class InvalidStateException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public InvalidStateException(String message) {
        super(message);
    }

    public InvalidStateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
