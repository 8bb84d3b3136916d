/**
 * The CPU and CUDA devices, the libraries that LibTorch needs for the latter and where they are found, and the only
 * ways to read numbers of a device on the host. This package knows nothing about scores.
 */
@NullMarked
package org.gradmimic.device;

import org.jspecify.annotations.NullMarked;
