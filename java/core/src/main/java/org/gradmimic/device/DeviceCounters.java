package org.gradmimic.device;

import org.gradmimic.device.internal.Counter;

/**
 * Counts the operations of gradmimic that make a device wait, or allocate its memory: copies to the host, waits,
 * uploads and allocations. They are counted on the CPU too, where they cost little, so that a test without a device can
 * check that a training step makes none. This works because all of the core reads numbers only through {@link Host} and
 * its own arrays.
 */
public final class DeviceCounters {
    private DeviceCounters() {}

    /** Reads of a device's numbers on the host; each waits for the device. */
    public static long hostReads() {
        return Counter.HOST_READS.value();
    }

    /** Copies from host memory to device memory. */
    public static long hostWrites() {
        return Counter.HOST_WRITES.value();
    }

    /** Waits for a device without reading anything. */
    public static long waits() {
        return Counter.WAITS.value();
    }

    /** Blocks of device memory that the core allocated; LibTorch's own results are not counted. */
    public static long allocations() {
        return Counter.ALLOCATIONS.value();
    }
}
