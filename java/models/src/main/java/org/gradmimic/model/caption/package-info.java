/**
 * Captions in the form that CLIP reads: cleaned, split into CLIP's byte-pair tokens by the user's vocabulary, and
 * padded to the model's context length, as in open_clip.
 */
@NullMarked
package org.gradmimic.model.caption;

import org.jspecify.annotations.NullMarked;
