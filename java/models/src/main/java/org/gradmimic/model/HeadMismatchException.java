package org.gradmimic.model;

import org.gradmimic.base.GradmimicException;

/**
 * A weights file fits the model except that its classification head has a different number of classes. {@link
 * WeightsOptions#withNewHead} reads such a file.
 */
public final class HeadMismatchException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    HeadMismatchException(String message) {
        super(message);
    }
}
