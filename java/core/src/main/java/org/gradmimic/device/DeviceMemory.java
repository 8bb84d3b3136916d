package org.gradmimic.device;

/**
 * A CUDA device's memory now, in bytes.
 *
 * @param allocatedBytes in tensors of this process
 * @param peakBytes the most that ever was
 * @param reservedBytes held by LibTorch's allocator for this process, in use or not
 * @param freeBytes nobody's
 * @param totalBytes all there is
 */
public record DeviceMemory(long allocatedBytes, long peakBytes, long reservedBytes, long freeBytes, long totalBytes) {}
