/**
 * The binding of libgradmimic, only for the modules of gradmimic. {@link org.gradmimic.kernel.internal.Kernels} has one
 * method for each operation of the C ABI, over argument structs that JavaCPP generates from {@code gradmimic.h} ({@code
 * org.gradmimic.kernel.internal.abi}). Statuses become typed exceptions, and scratch memory is a {@link
 * org.gradmimic.kernel.internal.Workspace}. This package uses pointers, shapes and strides, and no framework's tensors.
 */
@NullMarked
package org.gradmimic.kernel.internal;

import org.jspecify.annotations.NullMarked;
