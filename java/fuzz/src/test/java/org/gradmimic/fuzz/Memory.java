package org.gradmimic.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process' memory as Linux counts it, native memory included. */
final class Memory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private Memory() {}

    /** Begins to look for the peak anew. {@return whether this system can do that} */
    static boolean resetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** {@return bytes in memory now} */
    static long resident() throws IOException {
        return bytes("VmRSS:");
    }

    /** {@return the most bytes that were in memory since {@link #resetPeak}} */
    static long peak() throws IOException {
        return bytes("VmHWM:");
    }

    private static long bytes(String name) throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith(name)) return Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
        throw new IOException(STATUS + " has no " + name);
    }
}
