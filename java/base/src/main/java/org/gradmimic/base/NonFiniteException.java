package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A batch without a single finite score.
 */
public final class NonFiniteException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public NonFiniteException(String message) {
        super(message);
    }

    public NonFiniteException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
