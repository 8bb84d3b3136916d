package org.gradmimic.model;

import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageSize;
import org.gradmimic.layer.Layers;
import org.jspecify.annotations.Nullable;

/**
 * CLIP with open_clip's names ({@code open_clip.CLIP}): a vision transformer for images and a causal one for captions,
 * both projected to features of the same length, and a logit scale. As in {@link VisionTransformer} the last blocks compute
 * what follows their attention for the one token that is pooled: the class token, and each caption's end.
 *
 * @param width length of the features, open_clip's embed_dim
 * @param vision the image tower
 * @param text the text tower
 * @param bias whether there is a logit bias, as the sigmoid loss of SigLIP has
 */
public record Clip(int width, ClipVision vision, ClipText text, boolean bias) implements ContrastiveModel {
    /** open_clip's configurations, and what OpenAI released. */
    private static final Map<String, String> NAMED = Map.of(
            "ViT-B-32", config(32, false),
            "ViT-B-16", config(16, false),
            "ViT-B-32-quickgelu", config(32, true),
            "ViT-B-16-quickgelu", config(16, true));

    private static String config(int patch, boolean quick) {
        return "{\"embed_dim\":512,\"quick_gelu\":" + quick
                + ",\"vision_cfg\":{\"image_size\":224,\"layers\":12,\"width\":768,\"patch_size\":" + patch
                + "},\"text_cfg\":{\"context_length\":77,\"vocab_size\":49408,\"width\":512,\"heads\":8,\"layers\":12}}";
    }

    /** open_clip's own names that are known here: ViT-B-32, ViT-B-16, and each with -quickgelu. */
    static Set<String> named() {
        return NAMED.keySet();
    }

    /** @throws InvalidArgumentException for a name that isn't {@link #named} */
    static Clip named(String name) {
        String config = NAMED.get(name);
        if (config == null) throw new InvalidArgumentException("no CLIP is called " + name);
        return of(ModelConfig.parse(name, config));
    }

    /** Reads open_clip's configuration, or one with its settings under {@code model_cfg}. */
    static Clip of(ModelConfig config) {
        if (config.has("model_cfg")) {
            config.ignore("preprocess_cfg");
            Clip inner = of(config.object("model_cfg"));
            config.finish();
            return inner;
        }
        int width = config.positive("embed_dim", ModelConfig.Limit.WIDTH);
        boolean quick = config.flag("quick_gelu");
        TransformerBlock.Activation activation =
                quick ? TransformerBlock.Activation.QUICK_GELU : TransformerBlock.Activation.GELU;
        ClipVision vision = ClipVision.of(config.object("vision_cfg"), activation);
        ClipText text = ClipText.of(config.object("text_cfg"), activation);
        boolean bias = config.has("init_logit_bias");
        config.only("custom_text", false);
        config.only("nonscalar_logit_scale", false);
        config.ignore("init_logit_scale");
        config.finish();
        return new Clip(width, vision, text, bias);
    }

    @Override
    public Map<String, TensorSpec> stateDict() {
        StateDict stateDict = new StateDict()
                .parameter("positional_embedding", text.contextLength(), text.width())
                .parameter("text_projection", text.width(), width)
                .parameter(LOGIT_SCALE);
        if (bias) stateDict.parameter(LOGIT_BIAS);
        vision.describe(stateDict, width);
        text.describe(stateDict);
        return stateDict.all();
    }

    @Override
    public boolean hasLogitBias() {
        return bias;
    }

    @Override
    public int contextLength() {
        return text.contextLength();
    }

    @Override
    public int vocabulary() {
        return text.vocabulary();
    }

    /** What the configuration says of a tokenizer other than CLIP's own; null where it says nothing. */
    public @Nullable String otherTokenizer() {
        return text.otherTokenizer();
    }

    @Override
    public ImageSize imageSize() {
        return ImageSize.square(vision.side());
    }

    /** OpenAI's files repeat three numbers of the configuration; open_clip's oldest have the causal mask. */
    @Override
    public Set<String> ignoredTensors() {
        return Set.of("input_resolution", "context_length", "vocab_size", "attn_mask");
    }

    /** A caption ends with its largest token. */
    @Override
    public Features features(Layers layers, Tensor images, Tensor tokens) {
        Tensors.requireShape("images", images, images.size(0), 3, vision.side(), vision.side());
        Tensors.requireShape("tokens", tokens, images.size(0), text.contextLength());
        return new Features(vision.features(layers, images), text.features(layers, tokens));
    }
}
