package org.gradmimic.model;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageSize;
import org.gradmimic.layer.Layers;
import org.gradmimic.model.ModelConfig.Limit;
import org.gradmimic.model.TransformerBlock.Activation;
import org.gradmimic.model.TransformerBlock.Names;

/**
 * CLIP's image tower.
 *
 * @param side pixels of the images' sides, a multiple of the patch size
 * @param patchSize pixels of a patch's sides
 * @param layers number of blocks
 * @param block the shape of one block
 */
record ClipVision(int side, int patchSize, int layers, TransformerBlock block) {
    static final double EPSILON = 1e-5;
    private static final String NAME = "visual.";
    private static final String POSITIONS = NAME + "positional_embedding";

    static ClipVision of(ModelConfig config, Activation activation) {
        int side = config.side("image_size", 224);
        int patch = config.positive("patch_size", 16, Limit.SIDE);
        int layers = config.positive("layers", 12, Limit.LAYERS);
        int width = config.positive("width", 768, Limit.WIDTH);
        int headWidth = config.positive("head_width", 64, Limit.WIDTH);
        int hidden = config.scaled(width, "mlp_ratio", 4);
        boolean layerScale = config.has("ls_init_value");
        config.only("attentional_pool", false);
        config.only("no_ln_pre", false);
        config.only("pos_embed_type", "learnable");
        config.only("final_ln_after_pool", false);
        config.only("pool_type", "tok");
        config.ignore("patch_dropout", "attn_pooler_queries", "attn_pooler_heads", "output_tokens");
        ClipText.refuseOtherBlocks(config);
        config.finish();
        try {
            ImageSize.square(side);
        } catch (InvalidArgumentException e) {
            throw config.wrong(e.getMessage());
        }
        if (side % patch != 0) throw config.wrong("image_size " + side + " is not a multiple of patch_size " + patch);
        if (width % headWidth != 0)
            throw config.wrong("width " + width + " is not a multiple of head_width " + headWidth);
        return new ClipVision(
                side,
                patch,
                layers,
                new TransformerBlock(
                        width, hidden, width / headWidth, EPSILON, activation, false, layerScale, Names.OPEN_CLIP));
    }

    void describe(StateDict stateDict, int features) {
        int width = block.width();
        long row = side / patchSize;
        stateDict
                .parameter(NAME + "class_embedding", width)
                .parameter(POSITIONS, row * row + 1, width)
                .parameter(NAME + "proj", width, features)
                .parameter(NAME + "conv1.weight", width, 3, patchSize, patchSize)
                .layerNorm(NAME + "ln_pre", width);
        for (int i = 0; i < layers; i++) block.describe(stateDict, name(i));
        stateDict.layerNorm(NAME + "ln_post", width);
    }

    /** @throws InvalidArgumentException if the patch size does not divide the side */
    ClipVision withSide(int pixels) {
        ImageSize.square(pixels);
        if (pixels % patchSize != 0) {
            throw new InvalidArgumentException(
                    "images of " + pixels + " pixels per side cannot be divided into patches of " + patchSize);
        }
        return new ClipVision(pixels, patchSize, layers, block);
    }

    PositionGrid positions() {
        return new PositionGrid(POSITIONS, side / patchSize, patchSize);
    }

    private static String name(int i) {
        return NAME + "transformer.resblocks." + i;
    }

    /** [B,features] of images [B,3,side,side]. */
    Tensor features(Layers layers, Tensor images) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            Tensor x = layers.prependToken(
                    NAME + "class_embedding", VisionTransformer.patches(layers, NAME + "conv1", images, patchSize));
            x = layers.layerNorm(NAME + "ln_pre", layers.add(POSITIONS, x), EPSILON);
            for (int i = 0; i < this.layers - 1; i++) x = block.forward(layers, name(i), x, null);
            x = block.forward(layers, name(this.layers - 1), x, VisionTransformer::first);
            x = layers.layerNorm(NAME + "ln_post", x.select(1, 0), EPSILON);
            result.put(layers.matmul(NAME + "proj", x));
        }
        return result;
    }
}
