package org.gradmimic.device;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * LibTorch's automatic mixed precision in this thread, for as long as it is open: products are taken in 16 bits, whatever the
 * parameters are, and what needs it is computed in float. As torch's {@code autocast}, it is for the forward pass:
 *
 * <pre>{@code
 * Tensor losses;
 * try (Autocast bf16 = Autocast.to(device, ScalarType.BFloat16)) {
 *     losses = Losses.crossEntropy(model.logits(layers, x), labels);
 * }
 * mimic.step(losses, ids).backward();
 * }</pre>
 */
public final class Autocast implements AutoCloseable {
    private final DeviceType type;
    private final boolean enabledBefore;
    private final ScalarType typeBefore;
    private boolean closed;

    private Autocast(Device device, boolean enabled, ScalarType precision) {
        type = deviceType(device);
        enabledBefore = torch.is_autocast_enabled(type);
        typeBefore = torch.get_autocast_dtype(type).intern();
        torch.increment_nesting();
        torch.set_autocast_dtype(type, precision);
        torch.set_autocast_enabled(type, enabled);
    }

    private static DeviceType deviceType(Device device) {
        return device.kind() == Device.Kind.CUDA ? DeviceType.CUDA : DeviceType.CPU;
    }

    /** Products in this type, BFloat16 or Half, on that kind of device. */
    public static Autocast to(Device device, ScalarType precision) {
        return new Autocast(device, true, precision);
    }

    /** Everything in the type it is given in, for a while. */
    public static Autocast off(Device device) {
        return new Autocast(
                device, false, torch.get_autocast_dtype(deviceType(device)).intern());
    }

    /** What a product would take in the place of x now: x, or a copy of its shape in 16 bits, with x's graph. */
    public static Tensor operand(Device device, Tensor x) {
        DeviceType type = deviceType(device);
        if (!torch.is_autocast_enabled(type) || x.scalar_type().intern() != ScalarType.Float) return x;
        return x.to(torch.get_autocast_dtype(type).intern());
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        // Copies of parameters are kept until the outermost one ends.
        if (torch.decrement_nesting() == 0) torch.clear_cache();
        torch.set_autocast_enabled(type, enabledBefore);
        torch.set_autocast_dtype(type, typeBefore);
    }
}
