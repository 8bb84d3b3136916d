package org.gradmimic.model;

import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.layer.Layers;
import org.gradmimic.model.ModelConfig.Limit;
import org.gradmimic.model.TransformerBlock.Activation;
import org.gradmimic.model.TransformerBlock.Names;
import org.jspecify.annotations.Nullable;

/**
 * CLIP's text tower.
 *
 * @param contextLength tokens of a caption, padded with zeros
 * @param vocabulary number of tokens in the vocabulary
 * @param layers number of blocks
 * @param block the shape of one block
 * @param otherTokenizer the configuration's settings of a tokenizer other than CLIP's own; null if it has none
 */
record ClipText(
        int contextLength,
        int vocabulary,
        int layers,
        TransformerBlock block,
        @Nullable String otherTokenizer) {
    /** What CLIP's modules call the causal mask, which this tower computes itself. */
    static final String MASK = "attn_mask";

    static ClipText of(ModelConfig config, Activation activation) {
        int length = config.positive("context_length", 77, Limit.LENGTH);
        int vocabulary = config.positive("vocab_size", 49408, Limit.CLASSES);
        int width = config.positive("width", 512, Limit.WIDTH);
        int heads = config.positive("heads", 8, Limit.WIDTH);
        int layers = config.positive("layers", 12, Limit.LAYERS);
        int hidden = config.scaled(width, "mlp_ratio", 4);
        boolean layerScale = config.has("ls_init_value");
        config.only("embed_cls", false);
        config.only("no_causal_mask", false);
        config.only("final_ln_after_pool", false);
        config.only("pool_type", "argmax");
        config.only("proj_bias", false);
        config.only("proj_type", "linear");
        config.ignore("tokenizer_mode", "pad_id", "eos_id", "output_tokens");
        String otherTokenizer = config.first("hf_tokenizer_name", "tokenizer_kwargs");
        refuseOtherBlocks(config);
        config.finish();
        if (width % heads != 0) throw config.wrong("width " + width + " is not a multiple of heads " + heads);
        return new ClipText(
                length,
                vocabulary,
                layers,
                new TransformerBlock(
                        width, hidden, heads, ClipVision.EPSILON, activation, true, layerScale, Names.OPEN_CLIP),
                otherTokenizer);
    }

    /** Rejects settings of the blocks of either tower that are not supported. */
    static void refuseOtherBlocks(ModelConfig config) {
        config.only("block_type", "default");
        for (String name : new String[] {
            "qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc"
        }) {
            config.only(name, false);
        }
    }

    int width() {
        return block.width();
    }

    void describe(StateDict stateDict) {
        for (int i = 0; i < layers; i++) block.describe(stateDict, name(i));
        stateDict.parameter("token_embedding.weight", vocabulary, width()).layerNorm("ln_final", width());
    }

    static String name(int i) {
        return "transformer.resblocks." + i;
    }

    /** [B,features] of captions [B,contextLength]. */
    Tensor features(Layers layers, Tensor tokens) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            UnaryOperator<Tensor> end = end(tokens);
            Tensor x = layers.add("positional_embedding", layers.embedding("token_embedding", tokens));
            for (int i = 0; i < this.layers - 1; i++) x = block.forward(layers, name(i), x, null);
            x = block.forward(layers, name(this.layers - 1), x, end);
            x = layers.layerNorm("ln_final", x.select(1, 0), ClipVision.EPSILON);
            result.put(layers.matmul("text_projection", x));
        }
        return result;
    }

    /** Selects the end token of each caption, its largest token: [B,1,D] of [B,T,D]. */
    private static UnaryOperator<Tensor> end(Tensor tokens) {
        Tensor place =
                tokens.argmax(new org.bytedeco.pytorch.LongOptional(1), false).reshape(-1, 1, 1);
        return x -> x.gather(1, place.expand(x.size(0), 1, x.size(2)));
    }
}
