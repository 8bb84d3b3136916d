/**
 * Data sets and files: images streamed from folders, archives and the usual binary distributions, a data set that is
 * drawn instead of downloaded, and label noise. No LibTorch in it: images come out as direct byte buffers, arrays as
 * mapped ones, and both can be wrapped as tensors without a copy.
 *
 * <p>Whatever is wrong with a file or an argument is an {@link org.gradmimic.base.InputException} that names it.
 */
@NullMarked
package org.gradmimic.data;

import org.jspecify.annotations.NullMarked;
