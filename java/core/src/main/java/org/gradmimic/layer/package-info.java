/**
 * Scores of any layer. A model calls {@link org.gradmimic.layer.Layers} where it would call a layer's {@code forward}, so that
 * what enters and leaves a layer can be recorded: LibTorch's modules have no hooks that could do it from outside.
 */
@NullMarked
package org.gradmimic.layer;

import org.jspecify.annotations.NullMarked;
