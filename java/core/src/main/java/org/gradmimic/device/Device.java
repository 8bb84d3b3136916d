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
 * The CPU or one CUDA device, on which an object's tensors are and its kernels run. Objects use the device of the
 * tensors they are given; {@link #move} copies tensors to a device.
 */
public final class Device {
    /** Kinds of devices. */
    public enum Kind {
        CPU,
        CUDA
    }

    public static final Device CPU = new Device(Kind.CPU, 0, false);

    /** The device of tensors on the CPU; a test makes it asynchronous temporarily. */
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
     * @throws UnsupportedException that states why there is none, and how to fix it
     */
    public static Device cuda(int index) {
        String problem = CudaSupport.problem(index);
        if (problem != null) throw new UnsupportedException("cuda:" + index + " cannot be used: " + problem);
        return new Device(Kind.CUDA, index, true);
    }

    /** The device of a tensor. */
    public static Device of(Tensor tensor) {
        return tensor.is_cuda() ? new Device(Kind.CUDA, indexOf(tensor), true) : cpu;
    }

    /**
     * The CPU, treated as a device whose values cannot be read without waiting, for tests of steps on such a device.
     */
    static Device asynchronousCpu() {
        return new Device(Kind.CPU, 0, true);
    }

    /** Makes this the device of tensors on the CPU; only for tests. */
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
     * Whether work is only queued here, so that reading a number waits for all of it. If so, steps decide nothing by
     * the numbers they compute, and the score table reports non-finite samples when it is drained.
     */
    public boolean asynchronous() {
        return asynchronous;
    }

    /** Whether a tensor is on this device. */
    public boolean has(Tensor tensor) {
        return kind == Kind.CUDA ? tensor.is_cuda() && indexOf(tensor) == index : !tensor.is_cuda();
    }

    /**
     * Checks that a tensor is on this device. A silent copy would slow down every step.
     *
     * @param name the tensor's name in the message
     * @throws InvalidArgumentException that names the tensor and both devices
     */
    public void require(String name, Tensor tensor) {
        if (!has(tensor)) {
            throw new InvalidArgumentException(
                    name + " is on " + of(tensor) + ", expected on " + this + "; Device.move brings it there");
        }
    }

    /** LibTorch's object for this device. The caller, or its scope, closes it. */
    public org.bytedeco.pytorch.Device libTorch() {
        return kind == Kind.CUDA
                ? new org.bytedeco.pytorch.Device(DeviceType.CUDA, (byte) index)
                : new org.bytedeco.pytorch.Device(DeviceType.CPU);
    }

    /** Options for new tensors of this type on this device. */
    public TensorOptions options(ScalarType type) {
        TensorOptions options = new TensorOptions(type);
        return kind == Kind.CUDA ? options.device(new DeviceOptional(libTorch())) : options;
    }

    /** A new contiguous tensor of this type and shape on this device, of undefined content; it belongs to the caller's scope. */
    public Tensor empty(ScalarType type, long... shape) {
        return torch.empty(shape, options(type), new MemoryFormatOptional());
    }

    /**
     * The tensor on this device: the tensor itself if it is already here, otherwise a copy of the same shape and type.
     *
     * @throws org.gradmimic.base.OutOfMemoryException if a CUDA device has no room for it
     */
    public Tensor move(Tensor tensor) {
        if (has(tensor)) return tensor;
        Counter.HOST_WRITES.count();
        try {
            return tensor.to(libTorch(), tensor.scalar_type());
        } catch (RuntimeException e) {
            throw CudaFailure.typed("a copy of " + tensor.numel() + " elements to " + this, e);
        }
    }

    /** Like {@link #move}, for a tensor that may be null. */
    public @Nullable Tensor moveIfThere(@Nullable Tensor tensor) {
        return tensor == null ? null : move(tensor);
    }

    /** Waits until all queued work of this device is done. */
    public void await() {
        Counter.WAITS.count();
        if (kind == Kind.CUDA) CudaRuntime.await(index);
    }

    /** Name, size and versions of a CUDA device. */
    public DeviceFacts facts() {
        requireCuda("facts");
        return CudaRuntime.facts(index);
    }

    /** The memory use of a CUDA device. */
    public DeviceMemory memory() {
        requireCuda("memory figures");
        return CudaRuntime.memory(index);
    }

    /** Resets the peak of a CUDA device's memory. */
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
