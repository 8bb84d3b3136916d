package org.gradmimic.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;

/**
 * A TorchScript file ({@code torch.jit.trace(...).save(FILE)}) that takes float images [n,3,H,W] and returns features
 * [n,D]. A TorchScript file is a program: load only files that you trust.
 */
public final class TorchScriptBackbone implements Backbone {
    private final Path file;
    private final ImageInput input;
    private final JitModule module;
    private final int width;
    private Device device = Device.CPU;
    private boolean closed;

    private TorchScriptBackbone(Path file, ImageInput input, JitModule module) {
        this.file = file;
        this.input = input;
        this.module = module;
        try (PointerScope scope = new PointerScope()) {
            module.eval();
            Tensor probe = torch.zeros(
                    new long[] {2, 3, imageSize().height(), imageSize().width()}, new TensorOptions(ScalarType.Float));
            width = Math.toIntExact(run(probe).size(1));
        }
        OpenResources.opened();
    }

    /**
     * Loads a file, and runs it on two images to test it.
     *
     * @param input how the file expects images; it does not say so itself
     * @throws InputException if the file is missing, damaged, not TorchScript, or does not turn such images into
     *     features
     */
    public static TorchScriptBackbone load(Path file, ImageInput input) {
        if (!Files.isRegularFile(file)) throw InputException.in(file, "there is no such file");
        JitModule module = Memory.detached(read(file));
        try {
            return new TorchScriptBackbone(file, input, module);
        } catch (RuntimeException e) {
            module.deallocate();
            throw e;
        }
    }

    private static JitModule read(Path file) {
        try (BytePointer name = new BytePointer(file.toString())) {
            return torch.load(name);
        } catch (RuntimeException e) {
            throw InputException.in(file, "LibTorch cannot load it as TorchScript: " + firstLine(e), e);
        }
    }

    /** LibTorch appends a C++ stack trace to its messages. */
    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
    }

    @Override
    public void moveTo(Device target) {
        if (target.kind() != device.kind() || target.index() != device.index()) {
            try (PointerScope scope = new PointerScope()) {
                module.to(target.libTorch(), false);
            }
        }
        device = target;
    }

    @Override
    public ImageSize imageSize() {
        return input.fit().size();
    }

    @Override
    public ImageFit fit() {
        return input.fit();
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public Tensor features(Tensor images) {
        ImageTensors.require(images, imageSize());
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor features = run(input.normalisation().of(device.move(images)).contiguous());
            if (features.size(1) != width) {
                throw InputException.in(
                        file,
                        "returned features of the shape " + Tensors.shape(features) + ", expected [" + images.size(0)
                                + ", " + width + "]");
            }
            result.put(features);
        }
        return result;
    }

    /** Features [n,D], float and contiguous, of normalised images [n,3,H,W]. */
    Tensor run(Tensor images) {
        if (closed) throw new InvalidStateException("the model " + file + " is closed");
        long n = images.size(0);
        IValue output;
        try (NoGradGuard noGrad = new NoGradGuard()) {
            output = module.forward(new IValueVector(new IValue(images)));
        } catch (RuntimeException e) {
            throw InputException.in(
                    file,
                    "failed on " + n + " images [" + n + ", 3, " + imageSize().height() + ", "
                            + imageSize().width() + "]: " + message(e),
                    e);
        }
        if (!output.isTensor()) {
            throw InputException.in(
                    file, "returned a " + output.tagKind().getString() + "; expected one tensor of features [n, D]");
        }
        Tensor features = output.toTensor();
        if (features.dim() != 2 || features.size(0) != n || !features.is_floating_point()) {
            throw InputException.in(
                    file,
                    "returned "
                            + features.scalar_type().intern() + " "
                            + Tensors.shape(features) + " for " + n + " images; expected floating-point features [" + n
                            + ", D]");
        }
        return features.to(ScalarType.Float).contiguous();
    }

    /** The interpreter's message begins with the trace of the script; the error itself comes last. */
    private static String message(RuntimeException e) {
        return String.valueOf(e.getMessage())
                .lines()
                .filter(line -> line.startsWith("RuntimeError:"))
                .findFirst()
                .orElseGet(() -> firstLine(e));
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        module.deallocate();
    }
}
