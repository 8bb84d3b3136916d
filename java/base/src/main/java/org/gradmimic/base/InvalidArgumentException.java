package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * An argument that a method rejects: a value, a shape, a stride, a dtype or a null pointer. The message names the
 * argument and says what is expected.
 */
public final class InvalidArgumentException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public InvalidArgumentException(String message) {
        super(message);
    }

    public InvalidArgumentException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
