package org.gradmimic.kernel;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the objects with native memory that have been created and not closed: the leak counter. It frees nothing
 * itself. Every test ends by asserting that the count is zero.
 */
public final class OpenResources {
    private static final AtomicLong COUNT = new AtomicLong();

    private OpenResources() {}

    /** Counts a new object with native memory. Its {@code close()} calls {@link #closed()} once. */
    public static void opened() {
        COUNT.incrementAndGet();
    }

    /** Counts an object that was closed. */
    public static void closed() {
        COUNT.decrementAndGet();
    }

    /** The number of open objects. */
    public static long count() {
        return COUNT.get();
    }
}
