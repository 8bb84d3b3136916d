/**
 * Where tensors live and kernels run: the CPU or a CUDA device, what LibTorch needs for the latter and where it is found, and
 * the only ways by which numbers come from a device to the host. Nothing here knows of scores.
 */
@NullMarked
package org.gradmimic.device;

import org.jspecify.annotations.NullMarked;
