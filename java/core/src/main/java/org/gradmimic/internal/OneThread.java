package org.gradmimic.internal;

import java.util.concurrent.atomic.AtomicReference;
import org.gradmimic.base.InvalidStateException;
import org.jspecify.annotations.Nullable;

/**
 * Notices that two threads use an object at once, or that it is closed during a call: both would end in freed native memory. A call
 * costs a compare-and-set.
 */
public final class OneThread {
    private final String what;
    private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();

    /** @param what the object, for the message: "this head" */
    public OneThread(String what) {
        this.what = what;
    }

    /**
     * A call begins. {@link #leave()} ends it, in a finally block.
     *
     * @throws InvalidStateException if another call has not ended
     */
    public void enter() {
        Thread me = Thread.currentThread();
        if (user.compareAndSet(null, me)) return;
        Thread other = user.get();
        throw new InvalidStateException(what + " cannot be used or closed now: "
                + (other == me
                        ? "a call of this thread has not ended"
                        : other == null
                                ? "another thread is in a call"
                                : "the thread " + other.getName() + " is in a call")
                + "; one thread at a time may use it");
    }

    /** The call ends. */
    public void leave() {
        user.set(null);
    }
}
