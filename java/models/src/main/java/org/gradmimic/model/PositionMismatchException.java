package org.gradmimic.model;

import org.gradmimic.base.GradmimicException;

/**
 * A weights file fits the model except that its position embeddings are those of images of another size. {@link
 * WeightsOptions#withResampledPositions} reads such a file.
 */
public final class PositionMismatchException extends GradmimicException {
    private static final long serialVersionUID = 1L;

    PositionMismatchException(String message) {
        super(message);
    }
}
