package org.gradmimic.device;

import java.util.function.Supplier;

/** Lets tests take the way of a device without one: the CPU, treated as a device whose values cannot be read without waiting. */
public final class TestDevice {
    private TestDevice() {}

    /** That CPU. */
    public static Device asynchronousCpu() {
        return Device.asynchronousCpu();
    }

    /** What {@code make} gives; the objects it makes of tensors on the CPU work on this device, if it is a CPU. */
    public static <T> T on(Device device, Supplier<T> make) {
        if (device.kind() == Device.Kind.CPU) Device.cpuIs(device);
        try {
            return make.get();
        } finally {
            Device.cpuIs(Device.CPU);
        }
    }
}
