package org.gradmimic.model;

import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.layer.Layers;
import org.gradmimic.model.ModelConfig.Limit;
import org.gradmimic.model.TransformerBlock.Activation;
import org.gradmimic.model.TransformerBlock.Names;
import org.jspecify.annotations.Nullable;

/**
 * torchvision's Vision Transformer ({@code torchvision.models.VisionTransformer}), with its names, without dropout. The
 * last block computes everything after its attention only for the class token, the only one that the head uses.
 *
 * @param side pixels of the images' sides, a multiple of the patch size
 * @param patchSize pixels of a patch's sides
 * @param layers number of blocks
 * @param heads of attention, a divisor of the width
 * @param width D, torchvision's hidden_dim
 * @param mlpWidth hidden units of the blocks' MLP
 * @param classes C
 * @param epsilon added to the variance in layer normalisation: 1e-6 in torchvision and timm, 1e-12 in transformers
 */
public record VisionTransformer(
        int side, int patchSize, int layers, int heads, int width, int mlpWidth, int classes, double epsilon)
        implements ImageClassifier {
    /** torchvision's and timm's. */
    private static final double EPSILON = 1e-6;

    /** torchvision's own sizes, for ImageNet. */
    private static final Map<String, VisionTransformer> NAMED = Map.of(
            "vit_b_16", builder().build(),
            "vit_b_32", builder().patchSize(32).build(),
            "vit_l_16",
                    builder().layers(24).heads(16).width(1024).mlpWidth(4096).build());

    private static final String HEAD = "heads.head";
    private static final String POSITIONS = "encoder.pos_embedding";

    /**
     * @throws InvalidArgumentException if a number is not positive, the patch size does not divide the side, or the
     *     number of heads does not divide the width
     */
    public VisionTransformer {
        ImageSize.square(side);
        requirePositive("the patch size", patchSize);
        requirePositive("the number of layers", layers);
        requirePositive("the number of heads", heads);
        requirePositive("the width", width);
        requirePositive("the MLP's width", mlpWidth);
        requirePositive("the number of classes", classes);
        if (!(epsilon > 0 && epsilon < 1)) {
            throw new InvalidArgumentException("epsilon is " + epsilon + "; it must be between 0 and 1");
        }
        if (side % patchSize != 0) {
            throw new InvalidArgumentException(
                    "images of " + side + " pixels per side cannot be divided into patches of " + patchSize);
        }
        if (width % heads != 0) {
            throw new InvalidArgumentException("a width of " + width + " cannot be divided into " + heads + " heads");
        }
    }

    private static void requirePositive(String what, int value) {
        if (value < 1) throw new InvalidArgumentException(what + " is " + value + "; it must be positive");
    }

    /** A builder that starts with the sizes of vit_b_16. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the sizes of a model; {@link #build} checks them. */
    public static final class Builder {
        private int side = 224;
        private int patchSize = 16;
        private int layers = 12;
        private int heads = 12;
        private int width = 768;
        private int mlpWidth = 3072;
        private int classes = 1000;
        private double epsilon = EPSILON;

        private Builder() {}

        /** Sets the number of pixels of the images' sides. */
        public Builder side(int value) {
            side = value;
            return this;
        }

        /** Sets the number of pixels of a patch's sides. */
        public Builder patchSize(int value) {
            patchSize = value;
            return this;
        }

        /** Sets the number of blocks. */
        public Builder layers(int value) {
            layers = value;
            return this;
        }

        /** Sets the number of attention heads. */
        public Builder heads(int value) {
            heads = value;
            return this;
        }

        /** Sets the number of features of a token. */
        public Builder width(int value) {
            width = value;
            return this;
        }

        /** Sets the number of hidden units of a block's MLP. */
        public Builder mlpWidth(int value) {
            mlpWidth = value;
            return this;
        }

        /** Sets the number of classes. */
        public Builder classes(int value) {
            classes = value;
            return this;
        }

        /** Added to the variance in layer normalisation. */
        public Builder epsilon(double value) {
            epsilon = value;
            return this;
        }

        /**
         * Builds the model.
         *
         * @throws InvalidArgumentException if a size is out of range or does not fit another
         */
        public VisionTransformer build() {
            return new VisionTransformer(side, patchSize, layers, heads, width, mlpWidth, classes, epsilon);
        }
    }

    /** The models that torchvision calls vit_b_16, vit_b_32 and vit_l_16. */
    static Map<String, VisionTransformer> named() {
        return NAMED;
    }

    /** Reads {@code image_size, patch_size, num_layers, num_heads, hidden_dim, mlp_dim, num_classes} and, optionally, {@code layer_norm_eps}. */
    static VisionTransformer of(ModelConfig config) {
        Builder builder = builder()
                .side(config.side("image_size", 224))
                .patchSize(config.positive("patch_size", Limit.SIDE))
                .layers(config.positive("num_layers", Limit.LAYERS))
                .heads(config.positive("num_heads", Limit.WIDTH))
                .width(config.positive("hidden_dim", Limit.WIDTH))
                .mlpWidth(config.positive("mlp_dim", Limit.WIDTH))
                .classes(config.positive("num_classes", 1000, Limit.CLASSES))
                .epsilon(config.fraction("layer_norm_eps", EPSILON));
        config.finish();
        try {
            return builder.build();
        } catch (InvalidArgumentException e) {
            throw config.wrong(e.getMessage());
        }
    }

    /** This model with another number of classes and another size of images. */
    VisionTransformer with(int classes, int side) {
        return new VisionTransformer(side, patchSize, layers, heads, width, mlpWidth, classes, epsilon);
    }

    /** What a person should know of a file with the names of this library; null if nothing. */
    @Nullable
    String remark(@Nullable String library) {
        if (!"transformers".equals(library) || epsilon != EPSILON) return null;
        return "transformers' own configurations have \"layer_norm_eps\": 1e-12, and this model has 1e-6;"
                + " a JSON configuration can set it";
    }

    private TransformerBlock block() {
        return new TransformerBlock(width, mlpWidth, heads, epsilon, Activation.GELU, false, false, Names.TORCHVISION);
    }

    private static String block(int i) {
        return "encoder.layers.encoder_layer_" + i;
    }

    private long patches() {
        long row = side / patchSize;
        return row * row;
    }

    @Override
    public Map<String, TensorSpec> stateDict() {
        StateDict stateDict = new StateDict()
                .parameter("class_token", 1, 1, width)
                .parameter("conv_proj.weight", width, 3, patchSize, patchSize)
                .parameter("conv_proj.bias", width)
                .parameter(POSITIONS, 1, patches() + 1, width);
        for (int i = 0; i < layers; i++) block().describe(stateDict, block(i));
        return stateDict
                .layerNorm("encoder.ln", width)
                .linear(HEAD, width, classes)
                .all();
    }

    @Override
    public Set<String> head() {
        return Set.of(HEAD + ".weight", HEAD + ".bias");
    }

    @Override
    public PositionGrid positions() {
        return new PositionGrid(POSITIONS, side / patchSize, patchSize);
    }

    @Override
    public ImageSize imageSize() {
        return ImageSize.square(side);
    }

    /** torchvision's first files call the layers of the MLP linear_1 and linear_2. */
    @Override
    public String parameterName(String storedName) {
        return storedName.replace(".mlp.linear_1.", ".mlp.0.").replace(".mlp.linear_2.", ".mlp.3.");
    }

    @Override
    public VisionTransformer withSide(int pixels) {
        return new VisionTransformer(pixels, patchSize, layers, heads, width, mlpWidth, classes, epsilon);
    }

    /** 256 pixels of which 224 are kept, in torchvision's presets, and 242 for vit_l_16. */
    @Override
    public ImageInput input() {
        boolean large = side == 224 && patchSize == 16 && width == 1024;
        return new ImageInput(
                new ImageFit(imageSize(), large ? 242 : side * 8 / 7, ImageFit.Filter.BILINEAR), ImageInput.IMAGENET);
    }

    @Override
    public int featureWidth() {
        return width;
    }

    @Override
    public Tensor logits(Layers layers, Tensor images) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            result.put(layers.linear(HEAD, features(layers, images)));
        }
        return result;
    }

    /** The class token after the last normalisation. */
    @Override
    public Tensor features(Layers layers, Tensor images) {
        Tensors.requireShape("images", images, images.size(0), 3, side, side);
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor x = layers.prependToken("class_token", patches(layers, "conv_proj", images, patchSize));
            x = layers.boundary(layers.add(POSITIONS, x));
            for (int i = 0; i < this.layers - 1; i++) {
                x = layers.boundary(block().forward(layers, block(i), x, null));
            }
            x = block().forward(layers, block(this.layers - 1), x, VisionTransformer::first);
            result.put(layers.layerNorm("encoder.ln", layers.boundary(x.select(1, 0)), epsilon));
        }
        return result;
    }

    /** The first token, [B,1,D] of [B,T,D]. */
    static Tensor first(Tensor tokens) {
        return tokens.narrow(1, 0, 1);
    }

    /** Patches of images [B,3,H,W], row by row, as tokens [B,T,D]. */
    static Tensor patches(Layers layers, String name, Tensor images, int patchSize) {
        long[] stride = {patchSize, patchSize};
        return layers.conv2d(name, images, stride, new long[] {0, 0})
                .flatten(2, -1)
                .transpose(1, 2);
    }
}
