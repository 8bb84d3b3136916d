package org.gradmimic.device.internal;

import java.util.concurrent.atomic.AtomicLong;

/** The counts that {@link org.gradmimic.device.DeviceCounters} shows. */
public enum Counter {
    /** Reads of numbers of a device on the host. */
    HOST_READS,
    /** Writes from the memory of the host to that of a device. */
    HOST_WRITES,
    /** Waits for a device that read nothing. */
    WAITS,
    /** Pieces of device memory that the core took for itself. */
    ALLOCATIONS;

    @SuppressWarnings("ImmutableEnumChecker") // it counts
    private final AtomicLong value = new AtomicLong();

    /** Counts one more. */
    public void count() {
        value.incrementAndGet();
    }

    /** How many there were in this process. */
    public long value() {
        return value.get();
    }
}
