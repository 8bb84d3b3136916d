package org.gradmimic.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A small convolutional network for images of about 32×32. It has four stages of 3×3 convolutions with batch
 * normalisation, with the sides halved between them and a residual block in the third stage. The features are the means
 * over the four quarters of the last stage's output: 768 features, as many as a ViT-B/16 has. Weights and images are
 * channels-last, with which LibTorch's CPU convolutions are about twice as fast as with channels-first. The sides are
 * halved before the normalisation, which then has a quarter of the work.
 *
 * <p>{@link BackboneTrainer} trains it; a {@link Safetensors} file stores it. As a {@link Backbone} its batch
 * normalisation uses the running statistics, so the features of an image do not depend on its batch.
 */
public final class ConvBackbone implements Backbone {
    /** Channels of the four stages. */
    private static final int[] CHANNELS = {24, 48, 96, 192};

    /** Images of other sizes are scaled to this size, which is small enough for a backbone that trains in a minute. */
    private static final ImageSize STANDARD_SIZE = ImageSize.square(32);

    /**
     * Kinds of data sets with letters and digits, whose mirror images belong to another class or none. The others contain
     * photographs.
     */
    private static final List<String> GLYPHS = List.of("drawn:", "idx:");

    private static final PixelNormalisation NORMALISATION = PixelNormalisation.of(0.5, 0.5);

    /** The residual block of the third stage follows the stage's first convolution. */
    private static final String[] LAYERS = {"stage1", "stage2", "stage3", "stage3.residual", "stage4"};

    /** The output of the last stage is averaged over POOLED × POOLED regions. */
    private static final int POOLED = 2;

    /** After three halvings this side leaves one pixel per region. */
    private static final int SMALLEST_SIDE = 16;

    /** Value of the key {@code format} in the file's metadata. */
    static final String FORMAT = "gradmimic.backbone.v1";

    private static final String FORMAT_KEY = "format";
    private static final String SIZE_KEY = "input_size";

    private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,3})x([1-9]\\d{0,3})");

    private static final long[] ONE = {1, 1};
    private static final double MOMENTUM = 0.1;
    private static final double EPSILON = 1e-5;

    private final ImageSize imageSize;
    private Device device = Device.CPU;

    /** By name, in the order of {@link #LAYERS}; not freed by any scope. */
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private final TensorOptional noBias = Memory.detached(new TensorOptional());
    private boolean closed;

    private ConvBackbone(ImageSize imageSize) {
        if (Math.min(imageSize.height(), imageSize.width()) < SMALLEST_SIDE) {
            throw new InvalidArgumentException(
                    "images of " + imageSize + "; expected sides of at least " + SMALLEST_SIDE + " pixels");
        }
        this.imageSize = imageSize;
        OpenResources.opened();
    }

    /**
     * A network with random weights (He et al., 2015).
     *
     * @param imageSize sides of at least 16
     * @param seed of LibTorch's generator
     */
    public static ConvBackbone random(ImageSize imageSize, long seed) {
        ConvBackbone backbone = new ConvBackbone(imageSize);
        torch.manual_seed(seed);
        try (PointerScope scope = new PointerScope()) {
            backbone.shapes().forEach((name, shape) -> {
                Tensor tensor = name.endsWith(".weight") && shape.length == 4
                        ? torch.randn(shape).mul_(new Scalar((float) Math.sqrt(2.0 / (9 * shape[1]))))
                        : name.endsWith(".weight") || name.endsWith(".variance")
                                ? torch.ones(shape)
                                : torch.zeros(shape);
                backbone.put(name, tensor);
            });
        }
        return backbone;
    }

    /** The input size for a network that is trained on a data set: that of its images if it is small, otherwise 32×32. */
    public static ImageSize imageSizeFor(ImageDataset dataset) {
        return dataset.nativeSize()
                .filter(size ->
                        Math.min(size.height(), size.width()) >= 24 && Math.max(size.height(), size.width()) <= 48)
                .orElse(STANDARD_SIZE);
    }

    /** Whether a network for a data set should also be trained on mirrored images: right for photographs. */
    public static boolean suitsFlips(ImageDataset dataset) {
        return GLYPHS.stream().noneMatch(dataset.spec()::startsWith);
    }

    private Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        int[] outputs = {CHANNELS[0], CHANNELS[1], CHANNELS[2], CHANNELS[2], CHANNELS[3]};
        int inputs = 3;
        for (int i = 0; i < LAYERS.length; i++) {
            long[] perChannel = {outputs[i]};
            shapes.put(LAYERS[i] + ".conv.weight", new long[] {outputs[i], inputs, 3, 3});
            shapes.put(LAYERS[i] + ".norm.weight", perChannel);
            shapes.put(LAYERS[i] + ".norm.bias", perChannel);
            shapes.put(LAYERS[i] + ".norm.mean", perChannel);
            shapes.put(LAYERS[i] + ".norm.variance", perChannel);
            inputs = outputs[i];
        }
        return shapes;
    }

    private void put(String name, Tensor tensor) {
        Tensor laid = tensor.dim() == 4 ? tensor.contiguous(MemoryFormat.ChannelsLast) : tensor;
        if (name.endsWith(".weight") || name.endsWith(".bias")) laid.set_requires_grad(true);
        tensors.put(name, Memory.detached(laid));
    }

    /** The parameters that an optimiser changes; the running statistics are not among them. */
    TensorVector parameters() {
        return new TensorVector(
                tensors.values().stream().filter(Tensor::requires_grad).toArray(Tensor[]::new));
    }

    @Override
    public void moveTo(Device target) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            tensors.values().forEach(tensor -> tensor.set_data(target.move(tensor.detach())));
        }
        device = target;
    }

    @Override
    public ImageSize imageSize() {
        return imageSize;
    }

    @Override
    public int width() {
        return POOLED * POOLED * CHANNELS[CHANNELS.length - 1];
    }

    @Override
    public Tensor features(Tensor images) {
        try (NoGradGuard noGrad = new NoGradGuard()) {
            return forward(images, false);
        }
    }

    /**
     * @param images [n,H,W,3] uint8
     * @param training normalise by the batch's own statistics, and update the running statistics
     * @return [n,D]
     */
    Tensor forward(Tensor images, boolean training) {
        if (closed) throw new InvalidStateException("this backbone is closed");
        ImageTensors.require(images, imageSize);
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor h = NORMALISATION.of(device.move(images));
            h = normalised("stage1", halved(convolved("stage1", h)), training);
            h = normalised("stage2", halved(convolved("stage2", h)), training);
            h = normalised("stage3", halved(convolved("stage3", h)), training);
            h = h.add(normalised("stage3.residual", convolved("stage3.residual", h), training));
            h = normalised("stage4", convolved("stage4", h), training);
            // Created outside this scope, so that it outlives it.
            result.put(
                    torch.adaptive_avg_pool2d(h, POOLED, POOLED).flatten(1, -1).contiguous());
        }
        return result;
    }

    private Tensor convolved(String name, Tensor x) {
        return torch.conv2d(x, tensors.get(name + ".conv.weight"), noBias, ONE, ONE, ONE, 1);
    }

    private Tensor normalised(String name, Tensor x, boolean training) {
        return torch.relu_(torch.batch_norm(
                x,
                optional(name + ".norm.weight"),
                optional(name + ".norm.bias"),
                optional(name + ".norm.mean"),
                optional(name + ".norm.variance"),
                training,
                MOMENTUM,
                EPSILON,
                false));
    }

    private TensorOptional optional(String name) {
        return new TensorOptional(tensors.get(name));
    }

    private static Tensor halved(Tensor x) {
        return torch.max_pool2d(x, 2, 2);
    }

    /**
     * Writes weights and running statistics as safetensors, whole or not at all.
     *
     * @throws InputException if the file cannot be written
     */
    public void save(Path file) {
        Safetensors.write(file, Map.of(FORMAT_KEY, FORMAT, SIZE_KEY, imageSize.toString()), tensors);
    }

    /**
     * Reads a file that {@link #save} wrote.
     *
     * @throws InputException if the file is missing, damaged, or not a file of {@link #save}
     */
    public static ConvBackbone load(Path file) {
        try (Weights stored = Weights.open(file)) {
            if (!FORMAT.equals(stored.metadata().get(FORMAT_KEY))) {
                throw InputException.in(
                        file,
                        "its tensors are not those of a gradmimic backbone (the metadata has no " + FORMAT_KEY + " "
                                + FORMAT + ")");
            }
            ConvBackbone backbone =
                    new ConvBackbone(storedSize(file, stored.metadata().get(SIZE_KEY)));
            try (PointerScope scope = new PointerScope()) {
                backbone.shapes().forEach((name, shape) -> backbone.put(name, stored.copy(name, shape)));
                return backbone;
            } catch (RuntimeException e) {
                backbone.close();
                throw e;
            }
        }
    }

    private static ImageSize storedSize(Path file, @Nullable String text) {
        Matcher matcher = SIZE.matcher(text == null ? "" : text);
        if (matcher.matches()) {
            ImageSize size = new ImageSize(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
            if (Math.min(size.height(), size.width()) >= SMALLEST_SIDE) return size;
        }
        throw InputException.in(file, SIZE_KEY + " is '" + text + "'; expected HEIGHTxWIDTH, such as 32x32");
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        tensors.values().forEach(Tensor::deallocate);
        noBias.deallocate();
    }
}
