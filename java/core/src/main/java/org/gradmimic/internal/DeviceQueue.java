package org.gradmimic.internal;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.device.internal.Counter;
import org.gradmimic.device.internal.CudaStream;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.Provider;
import org.gradmimic.kernel.internal.Workspace;
import org.gradmimic.kernel.internal.abi.gm_queue;

/**
 * Where an object's kernels run: on its device, on the stream that is LibTorch's current one when they are called, with scratch
 * memory from LibTorch's allocator. For one thread and one stream at a time: who goes over to another stream lets it wait for the
 * one before, as with tensors.
 */
public final class DeviceQueue implements AutoCloseable {
    private final Device device;
    private final gm_queue queue;
    private final Workspace workspace;
    private boolean closed;

    /** A queue on that device. The caller closes it. */
    public DeviceQueue(Device device) {
        this.device = device;
        boolean cuda = device.kind() == Device.Kind.CUDA;
        queue = Memory.detached((cuda ? Provider.CUDA : Provider.CPU).queue(device.index()));
        workspace = cuda ? new Workspace(this::allocate) : new Workspace();
    }

    private record TensorBlock(Tensor tensor, Pointer memory) implements Workspace.Block {
        @Override
        public void close() {
            tensor.deallocate();
            memory.deallocate();
        }
    }

    private Workspace.Block allocate(long bytes) {
        Counter.ALLOCATIONS.count();
        try (PointerScope scope = new PointerScope()) {
            Tensor tensor = Memory.detached(device.empty(ScalarType.Byte, bytes));
            return new TensorBlock(tensor, Memory.detached(tensor.data_ptr()));
        }
    }

    /** {@return the device that its kernels run on} */
    public Device device() {
        return device;
    }

    /** The queue with LibTorch's current stream, for the kernel that is called next. */
    public gm_queue now() {
        if (device.kind() == Device.Kind.CUDA) {
            try (PointerScope scope = new PointerScope()) {
                queue.stream(CudaStream.current(device.index()));
            }
        }
        return queue;
    }

    /** Scratch memory of the device. */
    public Workspace workspace() {
        return workspace;
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        workspace.close();
        queue.deallocate();
    }
}
