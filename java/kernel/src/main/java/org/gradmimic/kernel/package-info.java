/**
 * The binding of libgradmimic: {@link org.gradmimic.kernel.Kernels} has one method per operation of the C ABI, over
 * argument structs that JavaCPP generates from {@code gradmimic.h} ({@code org.gradmimic.kernel.abi}). Statuses become
 * typed exceptions, scratch memory is a {@link org.gradmimic.kernel.Workspace}. Everything here speaks pointers, shapes
 * and strides; no framework's tensors.
 */
@NullMarked
package org.gradmimic.kernel;

import org.jspecify.annotations.NullMarked;
