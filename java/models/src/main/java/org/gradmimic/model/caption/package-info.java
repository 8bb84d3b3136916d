/**
 * Captions as CLIP reads them: cleaned, cut into CLIP's byte-pair tokens by the vocabulary the user gives, and filled up to
 * the model's context length, as open_clip does it.
 */
@NullMarked
package org.gradmimic.model.caption;

import org.jspecify.annotations.NullMarked;
