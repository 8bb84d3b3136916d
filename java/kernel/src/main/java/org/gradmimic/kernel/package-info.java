/**
 * Information about the loaded libgradmimic ({@link org.gradmimic.kernel.NativeLibrary}), CUDA's failures as
 * exceptions, and the count of open native resources. The binding itself is internal: {@code
 * org.gradmimic.kernel.internal} has a method for each operation of the C ABI, over argument structs that JavaCPP
 * generates from {@code gradmimic.h}.
 */
@NullMarked
package org.gradmimic.kernel;

import org.jspecify.annotations.NullMarked;
