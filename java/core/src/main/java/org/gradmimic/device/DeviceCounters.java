package org.gradmimic.device;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts what makes a device wait, or takes memory of it, on gradmimic's side: copies to the host, waits, uploads and
 * allocations. They are counted on the CPU too, where they cost little, so that a test can hold a training step to none without
 * having a device: all of the core reads numbers through {@link Host} and {@link DeviceArray} alone.
 */
public final class DeviceCounters {
    private static final AtomicLong HOST_READS = new AtomicLong();
    private static final AtomicLong HOST_WRITES = new AtomicLong();
    private static final AtomicLong WAITS = new AtomicLong();
    private static final AtomicLong ALLOCATIONS = new AtomicLong();

    private DeviceCounters() {}

    /** Reads of a device's numbers on the host; each waits for the device. */
    public static long hostReads() {
        return HOST_READS.get();
    }

    /** Writes from the host's memory to the device's. */
    public static long hostWrites() {
        return HOST_WRITES.get();
    }

    /** Waits for a device without reading anything. */
    public static long waits() {
        return WAITS.get();
    }

    /** Pieces of device memory that the core took for itself; LibTorch's own results don't count. */
    public static long allocations() {
        return ALLOCATIONS.get();
    }

    static void read() {
        HOST_READS.incrementAndGet();
    }

    static void written() {
        HOST_WRITES.incrementAndGet();
    }

    static void waited() {
        WAITS.incrementAndGet();
    }

    static void allocated() {
        ALLOCATIONS.incrementAndGet();
    }
}
