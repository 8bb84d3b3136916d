package org.gradmimic.data;

import java.util.Locale;
import org.gradmimic.base.InputException;

/** Counts bytes that are kept in memory, and rejects a data set that would need too many. */
final class HeldBytes {
    /** The share of the heap that samples may take. */
    private static final double SHARE = 0.6;

    private final String spec;
    private final double most = SHARE * Runtime.getRuntime().maxMemory();
    private double held;

    HeldBytes(String spec) {
        this.spec = spec;
    }

    /**
     * Counts {@code bytes} more.
     *
     * @return {@code bytes}
     * @throws InputException if they are too many
     */
    int add(int bytes) {
        held += bytes;
        if (held <= most) return bytes;
        throw new InputException(String.format(
                Locale.ROOT,
                "data set '%s': its images can be read only from front to back, so training keeps them in memory, and they"
                        + " take more than %.1f GB; unpack them into a folder, or give Java more memory",
                spec,
                most / 1e9));
    }
}
