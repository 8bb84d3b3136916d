/**
 * Data sets: images streamed from folders, archives and the usual binary distributions, a data set that is drawn
 * instead of downloaded, and label noise. The module does not use LibTorch. Images are direct byte buffers, and arrays
 * are mapped ones. Both can be wrapped as tensors without a copy.
 *
 * <p>Every fault in a file or an argument is an {@link org.gradmimic.base.InputException} that names it.
 */
@NullMarked
package org.gradmimic.data;

import org.jspecify.annotations.NullMarked;
