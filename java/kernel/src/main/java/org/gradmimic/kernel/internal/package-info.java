/**
 * The binding of libgradmimic, for the modules of gradmimic alone: {@link org.gradmimic.kernel.internal.Kernels} has one method for
 * each operation of the C ABI, over argument structs that JavaCPP generates from {@code gradmimic.h}
 * ({@code org.gradmimic.kernel.internal.abi}). Statuses become typed exceptions, and scratch memory is a
 * {@link org.gradmimic.kernel.internal.Workspace}. Everything here speaks of pointers, shapes and strides, and of no framework's
 * tensors.
 */
@NullMarked
package org.gradmimic.kernel.internal;

import org.jspecify.annotations.NullMarked;
