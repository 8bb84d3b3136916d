package org.gradmimic.model;

import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.layer.Layers;
import org.gradmimic.model.ModelConfig.Limit;

/**
 * torchvision's residual network ({@code torchvision.models.ResNet}), with its names.
 *
 * <p>A small stem, for images of about 32×32, is a 3×3 convolution with stride 1 and no pooling. That is what one gets in
 * torchvision from {@code model.conv1 = Conv2d(3, 64, 3, 1, 1, bias=False)} and {@code model.maxpool = Identity()}.
 *
 * @param bottleneck whether blocks have three convolutions, 1×1, 3×3 and 1×1, which widen fourfold; otherwise they have
 *     two of 3×3
 * @param blocks in each of the four stages
 * @param classes C
 * @param side pixels of the images' sides; the network accepts any size, but images must have this one
 * @param smallStem whether the stem is that for small images
 * @param width channels of the stem and the first stage, 64 in torchvision; each further stage has twice as many
 */
public record ResNet(boolean bottleneck, Blocks blocks, int classes, int side, boolean smallStem, int width)
        implements ImageClassifier {
    /** The number of blocks in each stage. */
    public record Blocks(int first, int second, int third, int fourth) {
        private int of(int stage) {
            return switch (stage) {
                case 0 -> first;
                case 1 -> second;
                case 2 -> third;
                default -> fourth;
            };
        }
    }

    /** The largest width that a configuration may have. */
    private static final int MAX_WIDTH = 1 << 14;

    private static final int TORCHVISION_WIDTH = 64;

    private static final Map<String, ResNet> NAMED = Map.of(
            "resnet18", new ResNet(false, new Blocks(2, 2, 2, 2), 1000, 224),
            "resnet50", new ResNet(true, new Blocks(3, 4, 6, 3), 1000, 224),
            "resnet10_cifar", new ResNet(false, new Blocks(1, 1, 1, 1), 10, 32, true, 32),
            "resnet18_cifar", new ResNet(false, new Blocks(2, 2, 2, 2), 10, 32, true, TORCHVISION_WIDTH));

    /** @throws InvalidArgumentException if a number is out of range */
    public ResNet {
        ImageSize.square(side);
        if (width < 1 || width > MAX_WIDTH) {
            throw new InvalidArgumentException("the width is " + width + "; it must be from 1 to " + MAX_WIDTH);
        }
        if (classes < 1) {
            throw new InvalidArgumentException("the number of classes is " + classes + "; it must be positive");
        }
    }

    /** A network with torchvision's stem and width. */
    public ResNet(boolean bottleneck, Blocks blocks, int classes, int side) {
        this(bottleneck, blocks, classes, side, false, TORCHVISION_WIDTH);
    }

    private static final int STAGES = 4;
    private static final double EPSILON = 1e-5;
    private static final String HEAD = "fc";

    /**
     * The models that torchvision calls resnet18 and resnet50, and two with the stem for small images: resnet18_cifar, and
     * resnet10_cifar with half of the channels, which two processor cores can train.
     */
    static Map<String, ResNet> named() {
        return NAMED;
    }

    /**
     * Reads {@code block} (basic or bottleneck), {@code layers} (four numbers), {@code num_classes, image_size}, and
     * optionally {@code stem} (imagenet or cifar) and {@code width}.
     */
    static ResNet of(ModelConfig config) {
        String block = config.text("block");
        if (!block.equals("basic") && !block.equals("bottleneck")) {
            throw config.wrong("block is " + block + "; expected basic or bottleneck");
        }
        int[] n = config.positives("layers", STAGES, Limit.LAYERS);
        int classes = config.positive("num_classes", 1000, Limit.CLASSES);
        int side = config.side("image_size", 224);
        String stem = config.has("stem") ? config.text("stem") : "imagenet";
        if (!stem.equals("imagenet") && !stem.equals("cifar")) {
            throw config.wrong("stem is " + stem + "; expected imagenet or cifar");
        }
        int width = config.positive("width", TORCHVISION_WIDTH, Limit.WIDTH);
        config.finish();
        try {
            Blocks blocks = new Blocks(n[0], n[1], n[2], n[3]);
            return new ResNet(block.equals("bottleneck"), blocks, classes, side, stem.equals("cifar"), width);
        } catch (InvalidArgumentException e) {
            throw config.wrong(e.getMessage());
        }
    }

    /** This network with another number of classes and another size of images. */
    ResNet with(int classes, int side) {
        return new ResNet(bottleneck, blocks, classes, side, smallStem, width);
    }

    private int expansion() {
        return bottleneck ? 4 : 1;
    }

    /** A block's inner channels, outer channels and stride. */
    private record Place(String name, int inputs, int inner, int outputs, int stride) {
        boolean needsProjection() {
            return stride != 1 || inputs != outputs;
        }
    }

    private Place place(int stage, int block) {
        int inner = width << stage;
        int outputs = inner * expansion();
        int before = stage == 0 ? width : (inner / 2) * expansion();
        return new Place(
                "layer" + (stage + 1) + "." + block,
                block == 0 ? before : outputs,
                inner,
                outputs,
                block == 0 && stage > 0 ? 2 : 1);
    }

    @Override
    public Map<String, TensorSpec> stateDict() {
        StateDict stateDict = new StateDict()
                .parameter("conv1.weight", width, 3, stemSide(), stemSide())
                .batchNorm("bn1", width);
        for (int stage = 0; stage < STAGES; stage++) {
            for (int b = 0; b < blocks.of(stage); b++) describe(stateDict, place(stage, b));
        }
        return stateDict.linear(HEAD, featureWidth(), classes).all();
    }

    private int stemSide() {
        return smallStem ? 3 : 7;
    }

    private void describe(StateDict stateDict, Place at) {
        if (bottleneck) {
            convolution(stateDict, at.name + ".conv1", at.name + ".bn1", at.inputs, at.inner, 1);
            convolution(stateDict, at.name + ".conv2", at.name + ".bn2", at.inner, at.inner, 3);
            convolution(stateDict, at.name + ".conv3", at.name + ".bn3", at.inner, at.outputs, 1);
        } else {
            convolution(stateDict, at.name + ".conv1", at.name + ".bn1", at.inputs, at.inner, 3);
            convolution(stateDict, at.name + ".conv2", at.name + ".bn2", at.inner, at.inner, 3);
        }
        if (at.needsProjection()) {
            convolution(stateDict, at.name + ".downsample.0", at.name + ".downsample.1", at.inputs, at.outputs, 1);
        }
    }

    private static void convolution(StateDict stateDict, String conv, String norm, int inputs, int outputs, int side) {
        stateDict.parameter(conv + ".weight", outputs, inputs, side, side).batchNorm(norm, outputs);
    }

    @Override
    public Set<String> head() {
        return Set.of(HEAD + ".weight", HEAD + ".bias");
    }

    @Override
    public ImageSize imageSize() {
        return ImageSize.square(side);
    }

    @Override
    public ResNet withSide(int pixels) {
        return with(classes, pixels);
    }

    /**
     * 256 pixels of which 224 are kept, in torchvision's presets of the first weights. Networks for small images have no
     * published weights; they take whole images, as they are trained here.
     */
    @Override
    public ImageInput input() {
        if (smallStem) return new ImageInput(ImageFit.of(imageSize()), PixelNormalisation.of(0.5, 0.5));
        return new ImageInput(new ImageFit(imageSize(), side * 8 / 7, ImageFit.Filter.BILINEAR), ImageInput.IMAGENET);
    }

    @Override
    public int featureWidth() {
        return (width << 3) * expansion();
    }

    @Override
    public Tensor logits(Layers layers, Tensor images) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            result.put(layers.linear(HEAD, features(layers, images)));
        }
        return result;
    }

    /** The means of the last stage's channels. */
    @Override
    public Tensor features(Layers layers, Tensor images) {
        Tensors.requireShape("images", images, images.size(0), 3, side, side);
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor x = torch.relu(normalised(layers, "conv1", "bn1", images, smallStem ? 1 : 2, stemSide() / 2));
            if (!smallStem) {
                long[] two = {2, 2};
                long[] one = {1, 1};
                x = torch.max_pool2d(x, new long[] {3, 3}, two, one, one, false);
            }
            for (int stage = 0; stage < STAGES; stage++) {
                for (int b = 0; b < blocks.of(stage); b++) {
                    x = layers.boundary(block(layers, place(stage, b), x));
                }
            }
            result.put(x.mean(2, 3));
        }
        return result;
    }

    private Tensor block(Layers layers, Place at, Tensor x) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor h;
            if (bottleneck) {
                h = torch.relu(normalised(layers, at.name + ".conv1", at.name + ".bn1", x, 1, 0));
                h = torch.relu(normalised(layers, at.name + ".conv2", at.name + ".bn2", h, at.stride, 1));
                h = normalised(layers, at.name + ".conv3", at.name + ".bn3", h, 1, 0);
            } else {
                h = torch.relu(normalised(layers, at.name + ".conv1", at.name + ".bn1", x, at.stride, 1));
                h = normalised(layers, at.name + ".conv2", at.name + ".bn2", h, 1, 1);
            }
            Tensor kept = at.needsProjection()
                    ? normalised(layers, at.name + ".downsample.0", at.name + ".downsample.1", x, at.stride, 0)
                    : x;
            result.put(torch.relu(h.add(kept)));
        }
        return result;
    }

    private static Tensor normalised(Layers layers, String conv, String norm, Tensor x, int stride, int padding) {
        long[] strides = {stride, stride};
        long[] paddings = {padding, padding};
        return layers.batchNorm(norm, layers.conv2d(conv, x, strides, paddings), EPSILON);
    }
}
