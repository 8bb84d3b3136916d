package org.gradmimic.tap;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.Provider;
import org.gradmimic.kernel.Workspace;
import org.gradmimic.kernel.abi.gm_array;
import org.gradmimic.kernel.abi.gm_direction_args;
import org.gradmimic.kernel.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/**
 * V = θ_ref − θ of one parameter at a time, in memory that the next one uses again: all of them at once would be a third copy
 * of the model. V is float (double for double parameters).
 */
final class ReferenceVectors implements AutoCloseable {
    private final gm_queue queue = Memory.detached(Provider.CPU.queue());
    private final gm_direction_args args = Memory.detached(new gm_direction_args());
    private final gm_array reference = Memory.detached(new gm_array());
    private final gm_array parameter = Memory.detached(new gm_array());
    private final gm_array vector = Memory.detached(new gm_array());
    private final DoublePointer norm = Memory.detached(new DoublePointer(1));
    private final Workspace workspace = new Workspace();
    private @Nullable Tensor memory;
    private boolean closed;

    ReferenceVectors() {
        Pointer.memset(args, 0, args.sizeof());
        args.count(1)
                .reference(reference)
                .parameter(parameter)
                .direction(vector)
                .norm_squared(norm);
        OpenResources.opened();
    }

    /** V of one parameter toward one reference, of its shape; valid until the next call. */
    Tensor form(Tensor theReference, Tensor theParameter) {
        Tensor live = theParameter.detach();
        ScalarType type = TapKernels.sumType(live);
        Tensor flat = reserve(live.numel(), type);
        try (PointerScope scope = new PointerScope()) {
            Tensors.describe(reference, theReference.detach().contiguous().reshape(-1));
            Tensors.describe(parameter, live.contiguous().reshape(-1));
            Tensors.describe(vector, flat);
            Kernels.direction(queue, args, workspace);
        }
        return flat.reshape(Tensors.sizes(live));
    }

    /** ‖V‖² of the last one. */
    double normSquared() {
        return norm.get(0);
    }

    private Tensor reserve(long elements, ScalarType type) {
        Tensor current = memory;
        if (current == null
                || current.numel() < elements
                || current.scalar_type().intern() != type) {
            release();
            memory = current = Memory.detached(torch.empty(
                    new long[] {elements}, new TensorOptions(type), new org.bytedeco.pytorch.MemoryFormatOptional()));
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
        workspace.close();
        release();
        for (Pointer pointer : new Pointer[] {queue, args, reference, parameter, vector, norm}) pointer.deallocate();
    }
}
