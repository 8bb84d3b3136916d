package org.gradmimic.model;

import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The names that timm and Hugging Face's transformers give the tensors of a model, and the tensors that they stand for here.
 *
 * @param library whose names they are
 * @param marker a name that only this library uses
 * @param rules tried in order
 */
record ForeignNames(String library, Pattern marker, List<Rule> rules) {
    /** How a stored tensor becomes one of the model, or a part of one. */
    enum Form {
        WHOLE,
        /** The projection's matrix is stored the other way round. */
        TRANSPOSED,
        /** The projections of queries, keys and values are one tensor of the model, in this order. */
        QUERY,
        KEY,
        VALUE,
        /** The model computes it itself. */
        UNUSED
    }

    /** The tensor of the model that a stored one belongs to. */
    record Target(String name, Form form) {}

    private record Rule(Pattern pattern, Function<MatchResult, String> name, Form form) {}

    private static Rule rule(String pattern, String replacement) {
        return rule(pattern, replacement, Form.WHOLE);
    }

    private static Rule rule(String pattern, String replacement, Form form) {
        return new Rule(Pattern.compile(pattern), match -> filled(replacement, match), form);
    }

    /** {@code $1} is a group's text, {@code +1} a group's number plus one. */
    private static String filled(String replacement, MatchResult match) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < replacement.length(); i++) {
            char c = replacement.charAt(i);
            if (c != '$' && c != '+') {
                name.append(c);
                continue;
            }
            String group = match.group(replacement.charAt(++i) - '0');
            name.append(c == '$' ? group : String.valueOf(Integer.parseInt(group) + 1));
        }
        return name.toString();
    }

    private static final String VIT_BLOCK = "encoder.layers.encoder_layer_$1.";

    private static final ForeignNames TIMM_VIT = new ForeignNames(
            "timm",
            Pattern.compile("blocks\\.0\\.attn\\.qkv\\.weight"),
            List.of(
                    rule("cls_token", "class_token"),
                    rule("pos_embed", "encoder.pos_embedding"),
                    rule("patch_embed\\.proj\\.(\\w+)", "conv_proj.$1"),
                    rule("blocks\\.(\\d{1,4})\\.norm1\\.(\\w+)", VIT_BLOCK + "ln_1.$2"),
                    rule("blocks\\.(\\d{1,4})\\.attn\\.qkv\\.(\\w+)", VIT_BLOCK + "self_attention.in_proj_$2"),
                    rule("blocks\\.(\\d{1,4})\\.attn\\.proj\\.(\\w+)", VIT_BLOCK + "self_attention.out_proj.$2"),
                    rule("blocks\\.(\\d{1,4})\\.norm2\\.(\\w+)", VIT_BLOCK + "ln_2.$2"),
                    rule("blocks\\.(\\d{1,4})\\.mlp\\.fc1\\.(\\w+)", VIT_BLOCK + "mlp.0.$2"),
                    rule("blocks\\.(\\d{1,4})\\.mlp\\.fc2\\.(\\w+)", VIT_BLOCK + "mlp.3.$2"),
                    rule("norm\\.(\\w+)", "encoder.ln.$1"),
                    rule("head\\.(\\w+)", "heads.head.$1")));

    /** The names in files; those of the modules of transformers 5 differ, and both are read. */
    private static final String HF_VIT_BLOCK = "(?:vit\\.)?(?:encoder\\.layer|layers)\\.(\\d{1,4})\\.";

    private static final ForeignNames TRANSFORMERS_VIT = new ForeignNames(
            "transformers",
            Pattern.compile("(vit\\.)?embeddings\\.cls_token"),
            List.of(
                    rule("(?:vit\\.)?embeddings\\.cls_token", "class_token"),
                    rule("(?:vit\\.)?embeddings\\.position_embeddings", "encoder.pos_embedding"),
                    rule("(?:vit\\.)?embeddings\\.patch_embeddings\\.projection\\.(\\w+)", "conv_proj.$1"),
                    rule(HF_VIT_BLOCK + "layernorm_before\\.(\\w+)", VIT_BLOCK + "ln_1.$2"),
                    rule(
                            HF_VIT_BLOCK + "attention\\.(?:attention\\.query|q_proj)\\.(\\w+)",
                            VIT_BLOCK + "self_attention.in_proj_$2",
                            Form.QUERY),
                    rule(
                            HF_VIT_BLOCK + "attention\\.(?:attention\\.key|k_proj)\\.(\\w+)",
                            VIT_BLOCK + "self_attention.in_proj_$2",
                            Form.KEY),
                    rule(
                            HF_VIT_BLOCK + "attention\\.(?:attention\\.value|v_proj)\\.(\\w+)",
                            VIT_BLOCK + "self_attention.in_proj_$2",
                            Form.VALUE),
                    rule(
                            HF_VIT_BLOCK + "attention\\.(?:output\\.dense|o_proj)\\.(\\w+)",
                            VIT_BLOCK + "self_attention.out_proj.$2"),
                    rule(HF_VIT_BLOCK + "layernorm_after\\.(\\w+)", VIT_BLOCK + "ln_2.$2"),
                    rule(HF_VIT_BLOCK + "(?:intermediate\\.dense|mlp\\.fc1)\\.(\\w+)", VIT_BLOCK + "mlp.0.$2"),
                    rule(HF_VIT_BLOCK + "(?:output\\.dense|mlp\\.fc2)\\.(\\w+)", VIT_BLOCK + "mlp.3.$2"),
                    rule("(?:vit\\.)?layernorm\\.(\\w+)", "encoder.ln.$1"),
                    rule("(?:vit\\.)?pooler\\.dense\\.(\\w+)", "", Form.UNUSED),
                    rule("classifier\\.(\\w+)", "heads.head.$1")));

    private static final String HF_STAGE = "(?:resnet\\.)?encoder\\.stages\\.(\\d)\\.layers\\.(\\d{1,4})\\.";

    private static final ForeignNames TRANSFORMERS_RESNET = new ForeignNames(
            "transformers",
            Pattern.compile("(resnet\\.)?embedder\\.embedder\\.convolution\\.weight"),
            List.of(
                    rule("(?:resnet\\.)?embedder\\.embedder\\.convolution\\.(\\w+)", "conv1.$1"),
                    rule("(?:resnet\\.)?embedder\\.embedder\\.normalization\\.(\\w+)", "bn1.$1"),
                    rule(HF_STAGE + "shortcut\\.convolution\\.(\\w+)", "layer+1.$2.downsample.0.$3"),
                    rule(HF_STAGE + "shortcut\\.normalization\\.(\\w+)", "layer+1.$2.downsample.1.$3"),
                    rule(HF_STAGE + "layer\\.(\\d)\\.convolution\\.(\\w+)", "layer+1.$2.conv+3.$4"),
                    rule(HF_STAGE + "layer\\.(\\d)\\.normalization\\.(\\w+)", "layer+1.$2.bn+3.$4"),
                    rule("classifier\\.1\\.(\\w+)", "fc.$1")));

    private static final String HF_TEXT = "text_model\\.encoder\\.layers\\.(\\d{1,4})\\.";
    private static final String HF_IMAGE = "vision_model\\.encoder\\.layers\\.(\\d{1,4})\\.";

    private static final ForeignNames TRANSFORMERS_CLIP = new ForeignNames(
            "transformers",
            Pattern.compile("text_model\\.embeddings\\.token_embedding\\.weight"),
            Stream.of(
                            Stream.of(
                                    rule("(?:text|vision)_model\\.embeddings\\.position_ids", "", Form.UNUSED),
                                    rule(
                                            "text_model\\.embeddings\\.token_embedding\\.weight",
                                            "token_embedding.weight"),
                                    rule(
                                            "text_model\\.embeddings\\.position_embedding\\.weight",
                                            "positional_embedding"),
                                    rule("text_model\\.final_layer_norm\\.(\\w+)", "ln_final.$1"),
                                    rule("text_projection\\.weight", "text_projection", Form.TRANSPOSED),
                                    rule("vision_model\\.embeddings\\.class_embedding", "visual.class_embedding"),
                                    rule(
                                            "vision_model\\.embeddings\\.position_embedding\\.weight",
                                            "visual.positional_embedding"),
                                    rule("vision_model\\.embeddings\\.patch_embedding\\.(\\w+)", "visual.conv1.$1"),
                                    rule("vision_model\\.pre_layrnorm\\.(\\w+)", "visual.ln_pre.$1"),
                                    rule("vision_model\\.post_layernorm\\.(\\w+)", "visual.ln_post.$1"),
                                    rule("visual_projection\\.weight", "visual.proj", Form.TRANSPOSED),
                                    rule("logit_scale", "logit_scale")),
                            clipBlock(HF_TEXT, "transformer.resblocks.$1."),
                            clipBlock(HF_IMAGE, "visual.transformer.resblocks.$1."))
                    .flatMap(rules -> rules)
                    .toList());

    private static Stream<Rule> clipBlock(String stored, String block) {
        return Stream.of(
                rule(stored + "layer_norm1\\.(\\w+)", block + "ln_1.$2"),
                rule(stored + "self_attn\\.q_proj\\.(\\w+)", block + "attn.in_proj_$2", Form.QUERY),
                rule(stored + "self_attn\\.k_proj\\.(\\w+)", block + "attn.in_proj_$2", Form.KEY),
                rule(stored + "self_attn\\.v_proj\\.(\\w+)", block + "attn.in_proj_$2", Form.VALUE),
                rule(stored + "self_attn\\.out_proj\\.(\\w+)", block + "attn.out_proj.$2"),
                rule(stored + "layer_norm2\\.(\\w+)", block + "ln_2.$2"),
                rule(stored + "mlp\\.fc1\\.(\\w+)", block + "mlp.c_fc.$2"),
                rule(stored + "mlp\\.fc2\\.(\\w+)", block + "mlp.c_proj.$2"));
    }

    /** The names of a file of this model's weights; null if they are the model's own, or nobody's. */
    static @Nullable ForeignNames of(Architecture model, Iterable<String> stored) {
        List<ForeignNames> known = model instanceof VisionTransformer
                ? List.of(TIMM_VIT, TRANSFORMERS_VIT)
                : model instanceof ResNet
                        ? List.of(TRANSFORMERS_RESNET)
                        : model instanceof Clip ? List.of(TRANSFORMERS_CLIP) : List.of();
        for (String name : stored) {
            for (ForeignNames names : known) {
                if (names.marker.matcher(name).matches()) return names;
            }
        }
        return null;
    }

    /** The tensor of the model that a stored one belongs to; of an unknown name, the name itself. */
    Target target(String stored) {
        for (Rule rule : rules) {
            Matcher matcher = rule.pattern.matcher(stored);
            if (matcher.matches()) return new Target(rule.name.apply(matcher), rule.form);
        }
        return new Target(stored, Form.WHOLE);
    }
}
