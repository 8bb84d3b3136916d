package org.gradmimic.model;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.OpenResources;

/**
 * An ONNX file that takes float images [n,3,H,W] and returns features [n,D], computed by ONNX Runtime. Only {@link
 * Onnx} names this class: its library is optional.
 */
final class OnnxBackbone implements Backbone {
    private final Path file;
    private final OrtEnvironment environment;
    private final ImageInput input;
    private OrtSession session;
    private String inputName = "";
    private String outputName = "";
    /** Images in a batch, if the file fixes it; otherwise 0. */
    private int fixedBatch;

    private int width;
    private Device device = Device.CPU;
    private boolean closed;

    /**
     * Opens a file, and runs it on two images to test it.
     *
     * @param output the name of the output to take; empty if there is only one
     * @throws InputException if the file is damaged, or does not turn images into features
     */
    static OnnxBackbone open(Path file, ImageInput input, String output) {
        try {
            return new OnnxBackbone(file, input, output);
        } catch (OrtException e) {
            throw InputException.in(file, "ONNX Runtime cannot load it: " + reason(e), e);
        }
    }

    /** The first line of a message. */
    private static String reason(OrtException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
    }

    private OnnxBackbone(Path file, ImageInput input, String output) throws OrtException {
        this.file = file;
        this.input = input;
        environment = OrtEnvironment.getEnvironment();
        session = open(Device.CPU);
        try (PointerScope scope = new PointerScope()) {
            findInput();
            findOutput(output);
            Tensor probe = torch.zeros(
                    new long[] {2, 3, imageSize().height(), imageSize().width()}, new TensorOptions(ScalarType.Float));
            width = Math.toIntExact(run(probe).size(1));
        } catch (RuntimeException | OrtException e) {
            session.close();
            throw e;
        }
        OpenResources.opened();
    }

    private OrtSession open(Device where) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(torch.get_num_threads());
            options.setSessionLogLevel(ai.onnxruntime.OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            if (where.kind() == Device.Kind.CUDA) options.addCUDA(where.index());
            return environment.createSession(file.toString(), options);
        }
    }

    private void findInput() throws OrtException {
        Map<String, NodeInfo> inputs = session.getInputInfo();
        if (inputs.size() != 1) {
            throw InputException.in(
                    file,
                    "takes " + inputs.size() + " inputs, " + described(inputs) + "; expected one, images [n, 3, H, W]");
        }
        NodeInfo only = inputs.values().iterator().next();
        if (!(only.getInfo() instanceof TensorInfo tensor)
                || tensor.type != OnnxJavaType.FLOAT
                || tensor.getShape().length != 4) {
            throw InputException.in(
                    file, "takes " + described(inputs) + "; expected float images [n, 3, H, W] in single precision");
        }
        inputName = only.getName();
        long[] shape = tensor.getShape();
        long[] ours = {shape[0], 3, imageSize().height(), imageSize().width()};
        for (int d = 1; d < shape.length; d++) {
            if (shape[d] >= 0 && shape[d] != ours[d]) {
                throw InputException.in(
                        file,
                        "takes images " + dimensions(shape) + ", not of " + imageSize()
                                + "; name the size that it was exported for");
            }
        }
        fixedBatch = (int) Math.max(0, shape[0]);
    }

    private void findOutput(String wanted) throws OrtException {
        Map<String, NodeInfo> outputs = session.getOutputInfo();
        if (wanted.isEmpty() && outputs.size() == 1) {
            outputName = outputs.keySet().iterator().next();
        } else if (outputs.containsKey(wanted)) {
            outputName = wanted;
        } else {
            throw InputException.in(
                    file,
                    (wanted.isEmpty() ? "has several outputs" : "has no output " + wanted) + "; name one of "
                            + described(outputs));
        }
    }

    /** Names, types and shapes, such as "x FLOAT [n, 3, 224, 224]"; -1 stands for any extent. */
    private static String described(Map<String, NodeInfo> nodes) {
        return nodes.values().stream()
                .map(node -> node.getInfo() instanceof TensorInfo tensor
                        ? node.getName() + " " + tensor.type + " " + dimensions(tensor.getShape())
                        : node.getName())
                .collect(Collectors.joining(", "));
    }

    private static String dimensions(long[] shape) {
        return Arrays.stream(shape)
                .mapToObj(extent -> extent < 0 ? "any" : String.valueOf(extent))
                .collect(Collectors.joining(", ", "[", "]"));
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

    /** @throws UnsupportedException if ONNX Runtime's CUDA provider cannot be loaded here */
    @Override
    public void moveTo(Device target) {
        if (target.equals(device)) return;
        try {
            OrtSession moved = open(target);
            session.close();
            session = moved;
        } catch (OrtException e) {
            throw new UnsupportedException(
                    "ONNX Runtime cannot compute on " + target + ": " + reason(e)
                            + "; the artifact onnxruntime has no CUDA provider, onnxruntime_gpu has",
                    e);
        }
        device = target;
    }

    /** ONNX Runtime takes and returns memory of the CPU, whatever device it computes on. */
    @Override
    public Tensor features(Tensor images) {
        ImageTensors.require(images, imageSize());
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            result.put(run(input.normalisation().of(Device.CPU.move(images)).contiguous()));
        } catch (OrtException e) {
            throw InputException.in(file, "failed on " + images.size(0) + " images: " + reason(e), e);
        }
        return result;
    }

    /** Features [n,D] of normalised images [n,3,H,W], float and contiguous; in parts where the file fixes the batch. */
    private Tensor run(Tensor images) throws OrtException {
        if (closed) throw new InvalidStateException("the model " + file + " is closed");
        long n = images.size(0);
        if (fixedBatch == 0 || fixedBatch == n) return runOnce(images);
        List<Tensor> parts = new ArrayList<>();
        for (long from = 0; from < n; from += fixedBatch) {
            long count = Math.min(fixedBatch, n - from);
            Tensor part = images.narrow(0, from, count);
            if (count < fixedBatch) {
                part = torch.cat(new org.bytedeco.pytorch.TensorVector(
                        part, torch.zeros_like(images.narrow(0, 0, 1)).expand(fixedBatch - count, 3, -1, -1)));
            }
            parts.add(runOnce(part.contiguous()).narrow(0, 0, count));
        }
        return torch.cat(new org.bytedeco.pytorch.TensorVector(parts.toArray(Tensor[]::new)));
    }

    private Tensor runOnce(Tensor images) throws OrtException {
        long[] shape = {images.size(0), 3, imageSize().height(), imageSize().width()};
        FloatBuffer pixels = new org.bytedeco.javacpp.FloatPointer(images.data_ptr())
                .capacity(images.numel())
                .asBuffer();
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, pixels, shape);
                OrtSession.Result outputs = session.run(Map.of(inputName, tensor), Set.of(outputName))) {
            OnnxValue value = outputs.get(0);
            if (!(value instanceof OnnxTensor features)
                    || features.getInfo().type != OnnxJavaType.FLOAT
                    || features.getInfo().getShape().length != 2
                    || features.getInfo().getShape()[0] != shape[0]) {
                throw InputException.in(
                        file,
                        "returned " + value.getInfo() + " as " + outputName + " for " + shape[0]
                                + " images; expected float features [n, D]");
            }
            FloatBuffer numbers = features.getFloatBuffer();
            float[] copied = new float[numbers.remaining()];
            numbers.get(copied);
            return Tensors.of(copied, features.getInfo().getShape());
        }
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        try {
            session.close();
        } catch (OrtException e) {
            throw new InvalidStateException(file + " cannot be closed: " + reason(e), e);
        }
    }
}
