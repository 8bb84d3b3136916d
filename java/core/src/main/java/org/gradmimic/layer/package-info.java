/**
 * Scores of any layer. A model calls {@link org.gradmimic.layer.Layers} instead of a layer's {@code forward}, so that
 * the inputs and outputs of a layer can be recorded. LibTorch's modules have no hooks that could do this from outside.
 */
@NullMarked
package org.gradmimic.layer;

import org.jspecify.annotations.NullMarked;
