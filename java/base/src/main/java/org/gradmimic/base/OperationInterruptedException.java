package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * The thread was interrupted, or a listener asked for a stop, before the work was finished. The thread's interrupt flag is
 * set again before this is thrown.
 */
public final class OperationInterruptedException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public OperationInterruptedException(String message) {
        super(message);
    }

    public OperationInterruptedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
