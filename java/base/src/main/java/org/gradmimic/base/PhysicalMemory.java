package org.gradmimic.base;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The memory that this process may use. */
public final class PhysicalMemory {
    private PhysicalMemory() {}

    /** The number of bytes: of the machine, or of the container that the process runs in; the largest number if unknown. */
    public static long bytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Long.MAX_VALUE;
    }
}
