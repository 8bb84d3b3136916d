package org.gradmimic.model;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageSize;
import org.gradmimic.layer.Layers;
import org.jspecify.annotations.Nullable;

/**
 * CLIP with the names of open_clip ({@code open_clip.CLIP}): a vision transformer for images and a causal one for
 * captions, both projected to features of the same length, and a logit scale. As in {@link VisionTransformer}, the last
 * block computes everything after its attention only for the token that is pooled: the class token of an image, the end
 * token of a caption.
 */
public final class Clip implements ContrastiveModel {
    /** open_clip's configurations of the models that OpenAI released. */
    private static final Map<String, String> NAMED = Map.of(
            "ViT-B-32", config(32, false),
            "ViT-B-16", config(16, false),
            "ViT-B-32-quickgelu", config(32, true),
            "ViT-B-16-quickgelu", config(16, true));

    /** A number that only OpenAI's files have beside the weights. */
    private static final String RESOLUTION = "input_resolution";

    private final int width;
    private final ClipVision vision;
    private final ClipText text;
    private final boolean bias;
    private final ImageInput input;

    /**
     * @param width length of the features, open_clip's embed_dim
     * @param bias whether there is a logit bias, as for SigLIP's sigmoid loss
     */
    private Clip(int width, ClipVision vision, ClipText text, boolean bias, ImageInput input) {
        this.width = width;
        this.vision = vision;
        this.text = text;
        this.bias = bias;
        this.input = input;
    }

    private static String config(int patch, boolean quick) {
        return "{\"embed_dim\":512,\"quick_gelu\":" + quick
                + ",\"vision_cfg\":{\"image_size\":224,\"layers\":12,\"width\":768,\"patch_size\":" + patch
                + "},\"text_cfg\":{\"context_length\":77,\"vocab_size\":49408,\"width\":512,\"heads\":8,\"layers\":12}}";
    }

    /** The supported names of open_clip: ViT-B-32, ViT-B-16, and each with -quickgelu. */
    static Set<String> named() {
        return NAMED.keySet();
    }

    /** @throws InvalidArgumentException for a name that is not among {@link #named} */
    static Clip named(String name) {
        String config = NAMED.get(name);
        if (config == null) throw new InvalidArgumentException("unknown CLIP model " + name);
        return of(ModelConfig.parse(name, config), null);
    }

    /** Reads open_clip's configuration, or one with its settings under {@code model_cfg}. */
    static Clip of(ModelConfig config) {
        if (!config.has("model_cfg")) return of(config, null);
        ModelConfig preprocessing = config.has("preprocess_cfg") ? config.object("preprocess_cfg") : null;
        Clip inner = of(config.object("model_cfg"), preprocessing);
        config.finish();
        return inner;
    }

    private static Clip of(ModelConfig config, @Nullable ModelConfig preprocessing) {
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
        return new Clip(width, vision, text, bias, ClipPreprocessing.of(preprocessing, vision.side()));
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

    /** The image tower. */
    ClipVision vision() {
        return vision;
    }

    /** The text tower. */
    ClipText text() {
        return text;
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

    /** The configuration's settings of a tokenizer other than CLIP's own; null if it has none. */
    public @Nullable String otherTokenizer() {
        return text.otherTokenizer();
    }

    @Override
    public ImageSize imageSize() {
        return ImageSize.square(vision.side());
    }

    /** What a person should know of a file with these tensors; null if nothing. */
    @Nullable
    String remark(Set<String> names) {
        boolean openAi = names.contains(RESOLUTION);
        if (!openAi || text.block().activation() == TransformerBlock.Activation.QUICK_GELU) return null;
        return "OpenAI trained its weights with quick GELU, which this model does not have; ViT-B-32-quickgelu and"
                + " ViT-B-16-quickgelu, or \"quick_gelu\": true in a configuration, have it";
    }

    /**
     * OpenAI's files repeat three numbers of the configuration; open_clip's oldest files contain the causal mask, and
     * archives of its modules contain it in every block.
     */
    @Override
    public Set<String> ignoredTensors() {
        Set<String> ignored = new HashSet<>(Set.of(RESOLUTION, "context_length", "vocab_size", ClipText.MASK));
        for (int i = 0; i < text.layers(); i++) ignored.add(ClipText.name(i) + "." + ClipText.MASK);
        return ignored;
    }

    @Override
    public Clip withSide(int side) {
        ImageFit fit = input.fit();
        ImageFit other = new ImageFit(ImageSize.square(side), fit.shorterSide() == 0 ? 0 : side, fit.filter());
        return new Clip(width, vision.withSide(side), text, bias, new ImageInput(other, input.normalisation()));
    }

    @Override
    public PositionGrid positions() {
        return vision.positions();
    }

    @Override
    public ImageInput input() {
        return input;
    }

    @Override
    public int featureWidth() {
        return width;
    }

    /** The end token of a caption is its largest token. */
    @Override
    public Features features(Layers layers, Tensor images, Tensor tokens) {
        Tensors.requireShape("tokens", tokens, images.size(0), text.contextLength());
        return new Features(imageFeatures(layers, images), textFeatures(layers, tokens));
    }

    @Override
    public Tensor imageFeatures(Layers layers, Tensor images) {
        Tensors.requireShape("images", images, images.size(0), 3, vision.side(), vision.side());
        return vision.features(layers, images);
    }

    @Override
    public Tensor textFeatures(Layers layers, Tensor tokens) {
        Tensors.requireShape("tokens", tokens, tokens.size(0), text.contextLength());
        return text.features(layers, tokens);
    }
}
