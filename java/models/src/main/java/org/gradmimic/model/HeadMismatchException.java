package org.gradmimic.model;

import org.gradmimic.base.GradmimicException;

/**
 * A file of weights fits the model except that its classification head has another number of classes. {@link
 * ModelWeights#readWithNewHead} reads such a file.
 */
public final class HeadMismatchException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    HeadMismatchException(String message) {
        super(message);
    }
}
