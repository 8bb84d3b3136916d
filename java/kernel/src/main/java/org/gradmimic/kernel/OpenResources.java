package org.gradmimic.kernel;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the objects with native memory that were made and not closed yet: the leak counter. Nothing here frees memory
 * behind an owner's back; tests assert that the count is zero after each of them.
 */
public final class OpenResources {
    private static final AtomicLong COUNT = new AtomicLong();

    private OpenResources() {}

    /** An object with native memory came to be; its {@code close()} answers with {@link #closed()}, once. */
    public static void opened() {
        COUNT.incrementAndGet();
    }

    /** One of them was closed. */
    public static void closed() {
        COUNT.decrementAndGet();
    }

    /** How many are open. */
    public static long count() {
        return COUNT.get();
    }
}
