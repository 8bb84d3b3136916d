package org.gradmimic.device;

import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.device.internal.Counter;
import org.gradmimic.kernel.CudaFailure;
import org.jspecify.annotations.Nullable;

/**
 * The CPU or one CUDA device: where an object's tensors live and its kernels run. Objects take the device of the tensors they
 * are given; {@link #move} brings tensors there.
 */
public final class Device {
    /** Kinds of devices. */
    public enum Kind {
        CPU,
        CUDA
    }

    public static final Device CPU = new Device(Kind.CPU, 0, false);

    /** The device of tensors on the CPU; a test makes it asynchronous for a while. */
    private static volatile Device cpu = CPU;

    private final Kind kind;
    private final int index;
    private final boolean asynchronous;

    private Device(Kind kind, int index, boolean asynchronous) {
        this.kind = kind;
        this.index = index;
        this.asynchronous = asynchronous;
    }

    /**
     * A CUDA device that LibTorch and the kernels can use.
     *
     * @throws UnsupportedException that says why there is none, and what to do about it
     */
    public static Device cuda(int index) {
        String problem = CudaSupport.problem(index);
        if (problem != null) throw new UnsupportedException("cuda:" + index + " cannot be used: " + problem);
        return new Device(Kind.CUDA, index, true);
    }

    /** The device on which a tensor is. */
    public static Device of(Tensor tensor) {
        return tensor.is_cuda() ? new Device(Kind.CUDA, indexOf(tensor), true) : cpu;
    }

    /** The CPU, treated as a device whose values cannot be read without waiting: for tests of what a step does on one. */
    static Device asynchronousCpu() {
        return new Device(Kind.CPU, 0, true);
    }

    /** From now on tensors on the CPU are on this device: for tests alone. */
    static void cpuIs(Device device) {
        cpu = device;
    }

    private static int indexOf(Tensor tensor) {
        try (org.bytedeco.pytorch.Device device = tensor.device()) {
            return device.index();
        }
    }

    /** {@return whether it is the CPU or a CUDA device} */
    public Kind kind() {
        return kind;
    }

    /** The number of a CUDA device; 0 for the CPU. */
    public int index() {
        return index;
    }

    /**
     * Whether work is only put into a queue here, so that reading a number waits for all of it. Then steps decide nothing by
     * the numbers they compute, and what is not finite is reported when the score table is drained.
     */
    public boolean asynchronous() {
        return asynchronous;
    }

    /** Whether the tensor lives here. */
    public boolean has(Tensor tensor) {
        return kind == Kind.CUDA ? tensor.is_cuda() && indexOf(tensor) == index : !tensor.is_cuda();
    }

    /**
     * Insists on a tensor that lives here: a silent copy would cost every step.
     *
     * @param name what the tensor is, for the message
     * @throws InvalidArgumentException that names it and both places
     */
    public void require(String name, Tensor tensor) {
        if (!has(tensor)) {
            throw new InvalidArgumentException(
                    name + " is on " + of(tensor) + ", expected on " + this + "; Device.move brings it there");
        }
    }

    /** LibTorch's name for it. The caller closes it, or its scope. */
    public org.bytedeco.pytorch.Device libTorch() {
        return kind == Kind.CUDA
                ? new org.bytedeco.pytorch.Device(DeviceType.CUDA, (byte) index)
                : new org.bytedeco.pytorch.Device(DeviceType.CPU);
    }

    /** Options for new tensors of that type here. */
    public TensorOptions options(ScalarType type) {
        TensorOptions options = new TensorOptions(type);
        return kind == Kind.CUDA ? options.device(new DeviceOptional(libTorch())) : options;
    }

    /** A new tensor of undefined content here. */
    public Tensor empty(ScalarType type, long... shape) {
        return torch.empty(shape, options(type), new MemoryFormatOptional());
    }

    /** The tensor here: a copy, or the tensor itself where it is here already. */
    public Tensor move(Tensor tensor) {
        if (has(tensor)) return tensor;
        Counter.HOST_WRITES.count();
        try {
            return tensor.to(libTorch(), tensor.scalar_type());
        } catch (RuntimeException e) {
            throw CudaFailure.typed("a copy of " + tensor.numel() + " elements to " + this, e);
        }
    }

    /** As {@link #move}, for what may be absent. */
    public @Nullable Tensor moveIfThere(@Nullable Tensor tensor) {
        return tensor == null ? null : move(tensor);
    }

    /** Waits until everything that was put into this device's queues is done. */
    public void await() {
        Counter.WAITS.count();
        if (kind == Kind.CUDA) CudaRuntime.await(index);
    }

    /** Name, size and versions of a CUDA device. */
    public DeviceFacts facts() {
        requireCuda("facts");
        return CudaRuntime.facts(index);
    }

    /** How much of a CUDA device's memory is in use. */
    public DeviceMemory memory() {
        requireCuda("memory figures");
        return CudaRuntime.memory(index);
    }

    /** Lets a CUDA device's peak of memory begin anew. */
    public void resetPeakMemory() {
        requireCuda("memory figures");
        CudaRuntime.resetPeakMemory(index);
    }

    private void requireCuda(String what) {
        if (kind != Kind.CUDA) throw new InvalidStateException(what + " are of CUDA devices only");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Device device
                && device.kind == kind
                && device.index == index
                && device.asynchronous == asynchronous;
    }

    @Override
    public int hashCode() {
        return 31 * kind.hashCode() + index;
    }

    /** "cpu" or "cuda:0" */
    @Override
    public String toString() {
        return kind == Kind.CUDA ? "cuda:" + index : "cpu";
    }
}
