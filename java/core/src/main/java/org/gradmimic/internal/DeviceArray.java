package org.gradmimic.internal;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.Host;
import org.gradmimic.device.internal.Counter;
import org.gradmimic.kernel.internal.Memory;

/**
 * Numbers that kernels write and read where they are: memory of a device, of undefined content at first. The pointers that it
 * gives are addresses on that device, for kernels; the host reads by {@link #floats(long, int)}, {@link #longs(long, int)} and
 * {@link #get}, which {@link DeviceCounters} counts.
 *
 * @param <P> the pointer type of its elements
 */
public final class DeviceArray<P extends Pointer> implements AutoCloseable {
    private final Device device;
    private final Tensor memory;
    private final P base;
    private boolean closed;

    private DeviceArray(Device device, Tensor memory, P base) {
        this.device = device;
        this.memory = memory;
        this.base = base;
        Counter.ALLOCATIONS.count();
    }

    private static Tensor allocate(Device device, ScalarType type, long count) {
        return Memory.detached(device.empty(type, Math.max(1, count)));
    }

    /** So many floats. */
    public static DeviceArray<FloatPointer> floats(Device device, long count) {
        try (PointerScope scope = new PointerScope()) {
            Tensor memory = allocate(device, ScalarType.Float, count);
            return new DeviceArray<>(device, memory, Memory.detached(new FloatPointer(memory.data_ptr())));
        }
    }

    /** So many doubles. */
    public static DeviceArray<DoublePointer> doubles(Device device, long count) {
        try (PointerScope scope = new PointerScope()) {
            Tensor memory = allocate(device, ScalarType.Double, count);
            return new DeviceArray<>(device, memory, Memory.detached(new DoublePointer(memory.data_ptr())));
        }
    }

    /** So many longs. */
    public static DeviceArray<LongPointer> longs(Device device, long count) {
        try (PointerScope scope = new PointerScope()) {
            Tensor memory = allocate(device, ScalarType.Long, count);
            return new DeviceArray<>(device, memory, Memory.detached(new LongPointer(memory.data_ptr())));
        }
    }

    /** Where element i is, on the device. */
    @SuppressWarnings("unchecked") // every pointer class gives its own
    public P at(long i) {
        requireOpen();
        return (P) base.getPointer(i);
    }

    /** The elements from i on, as a tensor that shares their memory. */
    public Tensor tensor(long from, long count) {
        requireOpen();
        return memory.narrow(0, from, count);
    }

    /** Element i, read on the host. */
    public double get(long i) {
        requireOpen();
        Counter.HOST_READS.count();
        if (device.kind() == Device.Kind.CPU) {
            if (base instanceof DoublePointer doubles) return doubles.get(i);
            if (base instanceof FloatPointer floats) return floats.get(i);
            return ((LongPointer) (Pointer) base).get(i);
        }
        try (PointerScope scope = new PointerScope()) {
            return memory.narrow(0, i, 1).item_double();
        }
    }

    /** The elements from i on, read on the host as floats. */
    public float[] floats(long from, int count) {
        try (PointerScope scope = new PointerScope()) {
            return Host.floats(tensor(from, count));
        }
    }

    /** The elements from i on, read on the host as longs. */
    public long[] longs(long from, int count) {
        try (PointerScope scope = new PointerScope()) {
            return Host.longs(tensor(from, count));
        }
    }

    /** The elements from i on become those of a tensor, which may live elsewhere. */
    public void put(long from, Tensor values) {
        if (values.numel() == 0) return;
        if (!device.has(values)) Counter.HOST_WRITES.count();
        try (PointerScope scope = new PointerScope()) {
            tensor(from, values.numel()).copy_(values);
        }
    }

    private void requireOpen() {
        if (closed) throw new InvalidStateException("this device array is closed");
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        base.deallocate();
        memory.deallocate();
    }
}
