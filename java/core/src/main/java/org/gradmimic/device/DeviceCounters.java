package org.gradmimic.device;

import org.gradmimic.device.internal.Counter;

/**
 * Counts what makes a device wait, or takes memory of it, on gradmimic's side: copies to the host, waits, uploads and
 * allocations. They are counted on the CPU too, where they cost little, so that a test can hold a training step to none without
 * having a device: all of the core reads numbers through {@link Host} and its own arrays alone.
 */
public final class DeviceCounters {
    private DeviceCounters() {}

    /** Reads of a device's numbers on the host; each waits for the device. */
    public static long hostReads() {
        return Counter.HOST_READS.value();
    }

    /** Writes from the host's memory to the device's. */
    public static long hostWrites() {
        return Counter.HOST_WRITES.value();
    }

    /** Waits for a device without reading anything. */
    public static long waits() {
        return Counter.WAITS.value();
    }

    /** Pieces of device memory that the core took for itself; LibTorch's own results don't count. */
    public static long allocations() {
        return Counter.ALLOCATIONS.value();
    }
}
