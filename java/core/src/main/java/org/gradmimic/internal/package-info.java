/**
 * Between LibTorch's tensors and the kernels: descriptors, device memory and queues. This package is not part of the API. It knows
 * devices, but neither heads nor layers.
 */
@NullMarked
package org.gradmimic.internal;

import org.jspecify.annotations.NullMarked;
