package org.gradmimic.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** How much of the machine's processors others took since the last look: busy time of all, less what is ours. */
final class Neighbours {
    private static final Path STAT = Path.of("/proc/stat");

    /** The kernel counts time in hundredths of a second (USER_HZ). */
    private static final double TICK = 0.01;

    private final OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private final List<ProcessHandle> helpers;
    private double busy;
    private double own;
    private long at;

    /** @param helpers whose time is ours beside this process's own */
    Neighbours(List<ProcessHandle> helpers) {
        this.helpers = helpers;
        look();
    }

    /** Share of all processors' time, 0 to 1; 0 where the system does not say. */
    double look() {
        double previousBusy = busy;
        double previousOwn = own;
        long previousAt = at;
        busy = busySeconds();
        own = system.getProcessCpuTime() * 1e-9;
        for (ProcessHandle helper : helpers) {
            own += helper.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() * 1e-9;
        }
        at = System.nanoTime();
        double foreign = (busy - previousBusy) - (own - previousOwn);
        double all = (at - previousAt) * 1e-9 * Runtime.getRuntime().availableProcessors();
        return Math.max(0, foreign / all);
    }

    /** user, nice, system, irq, softirq and steal of the first line; not idle and iowait. */
    private static double busySeconds() {
        try {
            String[] fields =
                    Files.readString(STAT).lines().findFirst().orElse("").trim().split("\\s+");
            double ticks = 0;
            for (int i : new int[] {1, 2, 3, 6, 7, 8}) ticks += i < fields.length ? Double.parseDouble(fields[i]) : 0;
            return ticks * TICK;
        } catch (IOException e) {
            return 0;
        }
    }
}
