/**
 * NumPy's {@code .npy} files, read by mapping and written whole or not at all. Arrays may be larger than memory.
 *
 * <p>Every fault in a file is an {@link org.gradmimic.base.InputException} that names it.
 */
@NullMarked
package org.gradmimic.io.npy;

import org.jspecify.annotations.NullMarked;
