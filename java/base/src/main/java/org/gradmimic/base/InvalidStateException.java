package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A call that the object cannot serve now: it is closed, used by another thread, or an earlier call is missing. The message
 * says which.
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
