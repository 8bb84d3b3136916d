package org.gradmimic.device;

import org.gradmimic.device.internal.Counter;
import org.gradmimic.kernel.OpenResources;

/**
 * How long a device works on what is put into LibTorch's current stream between {@link #begin()} and {@link #end()}: by events of
 * the device, without waiting for it. On the CPU, by the clock.
 */
public final class DeviceTimer implements AutoCloseable {
    private final CudaRuntime.@org.jspecify.annotations.Nullable Events events;
    private long begun;
    private long ended;
    private boolean closed;

    public DeviceTimer(Device device) {
        events = device.kind() == Device.Kind.CUDA ? new CudaRuntime.Events(device.index()) : null;
        OpenResources.opened();
    }

    /** What comes into the stream from here on is timed. */
    public void begin() {
        if (events != null) events.begin();
        begun = System.nanoTime();
    }

    /** What came into the stream until here was timed. */
    public void end() {
        if (events != null) events.end();
        ended = System.nanoTime();
    }

    /** Seconds in between; waits until the device is there. */
    public double seconds() {
        if (events == null) return (ended - begun) * 1e-9;
        Counter.WAITS.count();
        return events.seconds();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        if (events != null) events.close();
    }
}
