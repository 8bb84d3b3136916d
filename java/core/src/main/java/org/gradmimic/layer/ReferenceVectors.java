package org.gradmimic.layer;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.gradmimic.kernel.internal.abi.gm_direction_args;
import org.jspecify.annotations.Nullable;

/**
 * V = θ_ref − θ of one parameter at a time, in memory that the next one uses again: all of them at once would be a third copy
 * of the model. V is float (double for double parameters).
 */
final class ReferenceVectors implements AutoCloseable {
    private final Device device;
    private final boolean fixed;
    private final DeviceQueue queue;
    private final gm_direction_args args = Memory.detached(new gm_direction_args());
    private final gm_array reference = Memory.detached(new gm_array());
    private final gm_array parameter = Memory.detached(new gm_array());
    private final gm_array vector = Memory.detached(new gm_array());
    private final DeviceArray<DoublePointer> norm;
    private @Nullable Tensor memory;
    private boolean closed;

    /** @param fixed whether V is the reference's tensor itself */
    ReferenceVectors(Device device, boolean fixed) {
        this.device = device;
        this.fixed = fixed;
        queue = new DeviceQueue(device);
        norm = DeviceArray.doubles(device, 1);
        Pointer.memset(args, 0, args.sizeof());
        args.count(1)
                .reference(reference)
                .parameter(parameter)
                .direction(vector)
                .norm_squared(norm.at(0));
        OpenResources.opened();
    }

    /** V of one parameter toward one reference, of its shape; valid until the next call. */
    Tensor form(Tensor theReference, Tensor theParameter) {
        Tensor live = theParameter.detach();
        ScalarType type = LayerKernels.sumType(live);
        Tensor flat = reserve(live.numel(), type);
        try (PointerScope scope = new PointerScope()) {
            if (fixed) {
                flat.copy_(theReference.detach().reshape(-1));
                Tensor wide = flat.to(ScalarType.Double);
                norm.tensor(0, 1).copy_(wide.mul(wide).sum());
            } else {
                KernelArrays.describe(
                        reference, theReference.detach().contiguous().reshape(-1));
                KernelArrays.describe(parameter, live.contiguous().reshape(-1));
                KernelArrays.describe(vector, flat);
                Kernels.direction(queue.now(), args, queue.workspace());
            }
        }
        return flat.reshape(Tensors.sizes(live));
    }

    /** ‖V‖² of the last one, [1] double; the next one's takes its place. */
    Tensor normSquared() {
        return norm.tensor(0, 1);
    }

    private Tensor reserve(long elements, ScalarType type) {
        Tensor current = memory;
        if (current == null
                || current.numel() < elements
                || current.scalar_type().intern() != type) {
            release();
            memory = current = Memory.detached(device.empty(type, elements));
        }
        return current.narrow(0, 0, elements);
    }

    /** Frees the memory of V until one is formed again. */
    void release() {
        if (memory != null) memory.deallocate();
        memory = null;
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        queue.close();
        norm.close();
        release();
        for (Pointer pointer : new Pointer[] {args, reference, parameter, vector}) pointer.deallocate();
    }
}
