package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/** A bug in gradmimic: a state that its own code rules out. Please report it. */
public final class InternalException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public InternalException(String message) {
        super(message);
    }

    public InternalException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
