package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.ImageFit.Filter;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.model.Models.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Features of three pictures as timm, open_clip and transformers compute and prepare them (make_features.py). */
class FeaturesTest {
    private static final String VIT = "{\"image_size\":32,\"patch_size\":16,\"num_layers\":2,\"num_heads\":2,"
            + "\"hidden_dim\":24,\"mlp_dim\":48";
    private static final String OPENAI = "{\"embed_dim\":12,\"quick_gelu\":true,\"vision_cfg\":{\"image_size\":32,"
            + "\"layers\":2,\"width\":16,\"head_width\":8,\"patch_size\":16},\"text_cfg\":{\"context_length\":8,"
            + "\"vocab_size\":666,\"width\":16,\"heads\":2,\"layers\":1}}";
    private static final PixelNormalisation HALF = PixelNormalisation.of(0.5, 0.5);

    @TempDir
    private Path folder;

    private static Path stored(String name) {
        try {
            return Path.of(FeaturesTest.class.getResource("/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private Architecture model(Kind kind, String json) {
        try {
            return Models.open(
                    kind, Files.writeString(folder.resolve("model.json"), json).toString());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ImageInput input(int side, int shorterSide, Filter filter) {
        return new ImageInput(new ImageFit(ImageSize.square(side), shorterSide, filter), HALF);
    }

    /** Both are in single precision, so their errors are some 10^-6 of the largest feature. */
    private static void assertClose(float[] ours, String name) {
        try (PointerScope scope = new PointerScope();
                Weights expected = Weights.open(stored("features/expected.safetensors"))) {
            float[] theirs = Tensors.floats(expected.tensor(name));
            assertThat(ours).hasSameSizeAs(theirs);
            double largest = 0;
            for (float value : theirs) largest = Math.max(largest, Math.abs(value));
            assertThat(largest).isGreaterThan(0.05);
            for (int i = 0; i < ours.length; i++) {
                assertThat((double) ours[i]).as("%s[%d]", name, i).isCloseTo(theirs[i], within(1e-4 * largest));
            }
        }
    }

    private void assertFeatures(
            Architecture model, Path weights, WeightsOptions options, ImageInput input, String name) {
        try (Backbone backbone = new ModelBackbone(model, ModelWeights.read(model, weights, options), input)) {
            float[] features = new float[3 * backbone.width()];
            new Embedder(backbone, 2)
                    .embed(
                            Datasets.openImages("images:" + stored("features/images")),
                            Split.TRAIN,
                            (ids, rows) -> {
                                float[] some = Tensors.floats(rows);
                                System.arraycopy(some, 0, features, (int) ids[0] * backbone.width(), some.length);
                            },
                            new EmbedListener() {});
            assertClose(features, name);
        }
    }

    @Test
    void timm() {
        assertFeatures(
                model(Kind.VIT, VIT + "}"),
                stored("checkpoints/timm.pt"),
                WeightsOptions.NONE.forFeatures(),
                input(32, 35, Filter.BICUBIC),
                "timm");
    }

    /** With positions of 2x2 patches, resampled to 4x4. */
    @Test
    void timmWithLargerImages() {
        assertFeatures(
                model(Kind.VIT, VIT + "}").withSide(64),
                stored("checkpoints/timm.pt"),
                WeightsOptions.NONE.forFeatures().withResampledPositions(),
                input(64, 71, Filter.BICUBIC),
                "timm_64");
    }

    @Test
    void transformersVit() {
        assertFeatures(
                model(Kind.VIT, VIT + ",\"layer_norm_eps\":1e-12}"),
                stored("checkpoints/vit/model.safetensors.index.json"),
                WeightsOptions.NONE.forFeatures(),
                input(32, 0, Filter.BILINEAR),
                "vit");
    }

    @Test
    void transformersClip() {
        Architecture clip = model(
                Kind.CLIP,
                "{\"embed_dim\":12,\"vision_cfg\":{\"image_size\":32,\"layers\":1,\"width\":16,\"head_width\":8,"
                        + "\"patch_size\":16},\"text_cfg\":{\"context_length\":8,\"vocab_size\":50,\"width\":16,"
                        + "\"heads\":2,\"layers\":1}}");
        assertFeatures(clip, stored("checkpoints/clip/model.safetensors"), WeightsOptions.NONE, clip.input(), "clip");
    }

    @Test
    void openClip() {
        Architecture clip = model(Kind.CLIP, OPENAI);
        assertFeatures(clip, stored("features/open_clip.pt"), WeightsOptions.NONE, clip.input(), "openai");
    }

    /** A TorchScript archive in half precision; its program is not run. */
    @Test
    void openAi() {
        Architecture clip = model(Kind.CLIP, OPENAI);
        assertFeatures(clip, stored("features/openai.pt"), WeightsOptions.NONE, clip.input(), "openai");
        try (ModelWeights weights = ModelWeights.read(clip, stored("features/openai.pt"))) {
            assertThat(weights.notes())
                    .containsExactly("is a TorchScript archive: read its tensors, did not run its program");
        }
        Architecture other = model(Kind.CLIP, OPENAI.replace("true", "false"));
        try (ModelWeights weights = ModelWeights.read(other, stored("features/openai.pt"))) {
            assertThat(weights.notes()).hasSize(2);
            assertThat(weights.notes().get(1)).startsWith("OpenAI trained its weights with quick GELU");
        }
    }

    @Test
    void positionsAreResampledAsByTimm() {
        try (PointerScope scope = new PointerScope();
                Weights expected = Weights.open(stored("features/expected.safetensors"))) {
            Tensor smaller =
                    new PositionGrid("p", 5, 16).resampled(expected.tensor("grid"), new PositionGrid("p", 3, 16));
            assertThat(Tensors.shape(smaller)).isEqualTo("[1, 10, 24]");
            assertClose(Tensors.floats(smaller), "grid_3");
        }
    }

    @Test
    void otherPositionsAreRefusedWithBothSizes() {
        Architecture large = model(Kind.VIT, VIT + ",\"num_classes\":3}").withSide(64);
        Path file = stored("checkpoints/timm.pt");
        assertThatThrownBy(() -> ModelWeights.read(large, file))
                .isInstanceOf(PositionMismatchException.class)
                .hasMessage(
                        file + ": does not fit the model; misshapen: encoder.pos_embedding from pos_embed [1, 5, 24],"
                                + " the positions of images of 32x32 pixels (2x2 patches of 16) (expected [1, 17, 24], of images"
                                + " of 64x64 pixels (4x4 patches of 16))");
        try (ModelWeights weights = ModelWeights.read(large, file, WeightsOptions.NONE.withResampledPositions())) {
            assertThat(weights.notes())
                    .endsWith(
                            "resampled the position embeddings bicubically from images of 32x32 pixels (2x2 patches of"
                                    + " 16) to images of 64x64 pixels (4x4 patches of 16)");
        }
        // Another number of classes needs a new head too.
        Architecture both = model(Kind.VIT, VIT + ",\"num_classes\":5}").withSide(64);
        assertThatThrownBy(() -> ModelWeights.read(both, file)).isInstanceOf(PositionMismatchException.class);
        assertThatThrownBy(() -> ModelWeights.read(both, file, WeightsOptions.NONE.withResampledPositions()))
                .isInstanceOf(HeadMismatchException.class);
        try (ModelWeights weights = ModelWeights.read(
                both, file, WeightsOptions.NONE.withResampledPositions().withNewHead(1))) {
            assertThat(weights.reinitialised()).hasSize(2);
        }
    }

    /** The presets of torchvision, and open_clip's transformation, which its configuration may change. */
    @Test
    void modelsKnowHowTheyTakeImages() {
        assertThat(Models.open(Kind.VIT, "vit_b_16").input())
                .hasToString("shorter side to 256 pixels by bilinear, centre of 224x224; mean [0.485, 0.456, 0.406],"
                        + " std [0.229, 0.224, 0.225]");
        assertThat(Models.open(Kind.VIT, "vit_l_16").input().fit().shorterSide())
                .isEqualTo(242);
        assertThat(Models.open(Kind.VIT, "vit_b_16").withSide(384).input().fit().shorterSide())
                .isEqualTo(438);
        assertThat(Models.open(Kind.RESNET, "resnet50").input().fit().shorterSide())
                .isEqualTo(256);
        assertThat(Models.open(Kind.CLIP, "ViT-B-32").input())
                .hasToString("shorter side to 224 pixels by bicubic, centre of 224x224; mean [0.48145466, 0.4578275,"
                        + " 0.40821073], std [0.26862954, 0.26130258, 0.27577711]");
        String config =
                "{\"model_cfg\":" + OPENAI + ",\"preprocess_cfg\":{\"mean\":[0.5,0.5,0.5],\"std\":[0.5,0.5,0.5],"
                        + "\"interpolation\":\"bilinear\",\"resize_mode\":\"squash\",\"mode\":\"RGB\",\"size\":32}}";
        assertThat(model(Kind.CLIP, config).input()).isEqualTo(input(32, 0, Filter.BILINEAR));
        assertThatThrownBy(() -> model(Kind.CLIP, config.replace("squash", "longest")))
                .hasMessageContaining("resize_mode is longest, which is not supported");
        assertThat(List.of(Kind.VIT, Kind.RESNET, Kind.CLIP))
                .allSatisfy(kind -> assertThat(Models.names(kind))
                        .allSatisfy(name -> assertThat(Models.kindOf(name)).isEqualTo(kind)));
        assertThat(Models.kindOf("resnet1")).isNull();
    }
}
