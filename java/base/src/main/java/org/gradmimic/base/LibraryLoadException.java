package org.gradmimic.base;

import org.jspecify.annotations.Nullable;

/**
 * A native library cannot be loaded, or does not match these classes. The message names the file and what is missing.
 */
public final class LibraryLoadException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    public LibraryLoadException(String message) {
        super(message);
    }

    public LibraryLoadException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
