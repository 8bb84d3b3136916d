package org.gradmimic.device;

/**
 * The memory of a CUDA device at one moment, in bytes.
 *
 * @param allocatedBytes in tensors of this process
 * @param peakBytes the largest value of allocatedBytes so far
 * @param reservedBytes held by LibTorch's allocator for this process, whether in use or not
 * @param freeBytes not in use by any process
 * @param totalBytes of the device
 */
public record DeviceMemory(long allocatedBytes, long peakBytes, long reservedBytes, long freeBytes, long totalBytes) {}
