/**
 * NumPy's {@code .npy} files, read by mapping and written whole or not at all; arrays may be larger than memory.
 *
 * <p>Whatever is wrong with a file is an {@link org.gradmimic.base.InputException} that names it.
 */
@NullMarked
package org.gradmimic.io.npy;

import org.jspecify.annotations.NullMarked;
