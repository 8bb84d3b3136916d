package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageSize;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.model.Models.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The models agree with torchvision and open_clip (make_models.py), in names, shapes and numbers. */
class ModelsTest {
    private static final JsonNode EXPECTED = expected();

    @TempDir
    private Path folder;

    private static JsonNode expected() {
        try (InputStream json = ModelsTest.class.getResourceAsStream("/models/expected.json")) {
            return JsonMapper.shared().readTree(json);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Architecture model(Kind kind, String json) throws IOException {
        return Models.open(
                kind, Files.writeString(folder.resolve("config.json"), json).toString());
    }

    @ParameterizedTest
    @CsvSource({
        "VIT, vit_b_16",
        "VIT, vit_b_32",
        "VIT, vit_l_16",
        "RESNET, resnet18",
        "RESNET, resnet50",
        "CLIP, ViT-B-32",
        "CLIP, ViT-B-16"
    })
    void theStateDictIsTheirs(Kind kind, String name) throws NoSuchAlgorithmException {
        StringBuilder lines = new StringBuilder();
        new TreeMap<>(Models.open(kind, name).stateDict())
                .forEach((parameter, spec) -> lines.append(parameter)
                        .append(' ')
                        .append(Arrays.toString(spec.shape()))
                        .append('\n'));
        byte[] digest =
                MessageDigest.getInstance("SHA-256").digest(lines.toString().getBytes(StandardCharsets.UTF_8));
        assertThat(HexFormat.of().formatHex(digest))
                .as("SHA-256 of\n%s", lines)
                .isEqualTo(EXPECTED.get("state_dicts").get(name).asString());
    }

    @Test
    void logitsOfAVisionTransformer() {
        compareLogits(Models.open(Kind.VIT, "vit_b_32"), "vit_b_32", Formula.images(2, 224));
    }

    @Test
    void logitsOfResNets() throws IOException {
        Architecture basic =
                model(Kind.RESNET, "{\"block\":\"basic\",\"layers\":[2,2,2,2],\"num_classes\":20,\"image_size\":64}");
        try (PointerScope scope = new PointerScope()) {
            compareLogits(basic, "resnet18", Formula.images(3, 64));
        }
        Architecture bottleneck =
                model(Kind.RESNET, "{\"block\":\"bottleneck\",\"layers\":[3,4,6,3],\"image_size\":65}");
        try (PointerScope scope = new PointerScope()) {
            compareLogits(bottleneck, "resnet50", Formula.images(2, 65));
        }
    }

    private static void compareLogits(Architecture model, String name, Tensor images) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                Parameters parameters = Formula.parameters(model)) {
            Tensor logits = ((ImageClassifier) model).logits(new PlainLayers(parameters, false), images);
            compare(name, logits, EXPECTED.get("logits").get(name));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "clip_quick_gelu"})
    void featuresOfClip(String name) throws IOException {
        JsonNode expected = EXPECTED.get("clips").get(name);
        Clip clip = (Clip) model(Kind.CLIP, expected.get("config").toString());
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                Parameters parameters = Formula.parameters(clip)) {
            Clip.Features features = clip.features(
                    new PlainLayers(parameters, false),
                    Formula.images(4, clip.vision().side()),
                    Formula.captions(4, clip.text().contextLength(), clip.text().vocabulary()));
            compare("image", features.image(), expected.get("image"));
            compare("text", features.text(), expected.get("text"));
        }
    }

    /** Eight numbers of each row and its length, relative to that: theirs in double precision, ours in single. */
    private static void compare(String name, Tensor actual, JsonNode expected) {
        int columns = (int) actual.size(1);
        float[] values = Tensors.floats(actual);
        assertThat(actual.size(0)).isEqualTo(expected.size());
        for (int row = 0; row < expected.size(); row++) {
            double length = expected.get(row).get(8).asDouble();
            double squared = 0;
            for (int j = 0; j < columns; j++) squared += (double) values[row * columns + j] * values[row * columns + j];
            assertThat(Math.sqrt(squared)).as("%s, row %d", name, row).isCloseTo(length, within(2e-5 * length));
            for (int j = 0; j < 8; j++) {
                assertThat((double) values[row * columns + j])
                        .as("%s, row %d, column %d", name, row, j)
                        .isCloseTo(expected.get(row).get(j).asDouble(), within(2e-5 * length));
            }
        }
    }

    @Test
    void openClipsWrapperIsRead() throws IOException {
        Architecture bare = Models.open(Kind.CLIP, "ViT-B-16-quickgelu");
        Architecture wrapped = model(
                Kind.CLIP,
                "{\"model_cfg\":{\"embed_dim\":512,\"quick_gelu\":true,\"vision_cfg\":{\"image_size\":224,\"layers\":12,"
                        + "\"width\":768,\"patch_size\":16},\"text_cfg\":{}},\"preprocess_cfg\":{\"mean\":[0.5]}}");
        assertThat(wrapped).usingRecursiveComparison().ignoringFields("input").isEqualTo(bare);
        assertThat(wrapped.input().normalisation().mean()).containsExactly(0.5, 0.5, 0.5);
        assertThat(wrapped.input().fit()).isEqualTo(bare.input().fit());
        assertThat(bare.imageSize()).isEqualTo(ImageSize.square(224));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "VIT | {\"patch_size\":8} | lacks num_layers",
                "VIT | [1] | expected a JSON object",
                "VIT | {\"patch_size\":8 | is not valid JSON",
                "VIT | {\"patch_size\":8,\"patch_size\":8} | is not valid JSON",
                "VIT | {} {} | is not valid JSON",
                "VIT | {\"patch_size\":0,\"num_layers\":1} | patch_size is 0; expected a whole number from 1",
                "VIT | {\"patch_size\":8.5} | patch_size is 8.5",
                "VIT | {\"patch_size\":99999999999} | patch_size is 99999999999",
                "VIT | {\"image_size\":30,\"patch_size\":8,\"num_layers\":1,\"num_heads\":1,\"hidden_dim\":8,\"mlp_dim\":8} | cannot be divided into patches of 8",
                "VIT | {\"image_size\":32,\"patch_size\":8,\"num_layers\":1,\"num_heads\":3,\"hidden_dim\":8,\"mlp_dim\":8} | cannot be divided into 3 heads",
                "VIT | {\"image_size\":99999,\"patch_size\":1,\"num_layers\":1,\"num_heads\":1,\"hidden_dim\":8,\"mlp_dim\":8} | image_size is 99999; expected a whole number from 1 to 16384",
                "VIT | {\"patch_size\":8,\"num_layers\":4097} | num_layers is 4097; expected a whole number from 1 to 4096",
                "VIT | {\"patch_size\":8,\"num_layers\":1,\"num_heads\":1,\"hidden_dim\":1048577} | hidden_dim is 1048577",
                "RESNET | {\"block\":\"basic\",\"layers\":[1,1,1,16777216],\"num_classes\":10,\"image_size\":32} | layers is [1, 1, 1, 16777216]; expected 4 whole numbers from 1 to 4096",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{\"mlp_ratio\":1e9}} | mlp_ratio is 1.0E9; expected a factor that makes 768 a number from 1 to 1048576",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{\"mlp_ratio\":1e-9}} | mlp_ratio is 1.0E-9",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{\"layers\":100000}} | layers is 100000",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{\"vocab_size\":16777217}} | vocab_size is 16777217",
                "VIT | {\"image_size\":16384,\"patch_size\":1,\"num_layers\":1,\"num_heads\":1,\"hidden_dim\":1048576,\"mlp_dim\":8} | describes 2.86e+14 parameters, which take 1.14e+06 GB",
                "VIT | {\"patch_size\":8,\"num_layers\":1,\"num_heads\":1,\"hidden_dim\":8,\"mlp_dim\":8,\"dropout\":0.1} | has the unknown member dropout",
                "RESNET | {\"block\":\"wide\"} | block is wide; expected basic or bottleneck",
                "RESNET | {\"block\":\"basic\",\"layers\":[2,2,2]} | expected 4 whole numbers from 1 to 4096",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{\"timm_model_name\":\"vit\"}} | vision_cfg: has the unknown member timm_model_name",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{\"layers\":[3,4,6,3]}} | vision_cfg: layers is [3, 4, 6, 3]",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{\"pool_type\":\"avg\"}} | pool_type is avg, which is not supported; expected tok",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{\"hf_model_name\":\"x\"}} | text_cfg: has the unknown member hf_model_name",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{\"qk_norm\":true}} | qk_norm is true, which is not supported",
                "CLIP | {\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{},\"custom_text\":true} | custom_text is true",
                "CLIP | {\"embed_dim\":8,\"text_cfg\":{}} | lacks vision_cfg"
            })
    void settingsOfAConfigurationAreAppliedOrRefused(Kind kind, String json, String message) {
        assertThatThrownBy(() -> model(kind, json))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("config.json: ")
                .hasMessageContaining(message)
                .hasMessageMatching("[^\\n]*");
    }

    @Test
    void memoryThatIsNotThereIsNamed() {
        VisionTransformer model = Formula.smallVit(3);
        double bytes = 4.0
                * model.stateDict().values().stream()
                        .mapToLong(spec -> Arrays.stream(spec.shape()).reduce(1, (a, b) -> a * b))
                        .sum();
        Path config = Path.of("c.json");
        Models.requireMemory(model, config, bytes);
        assertThatThrownBy(() -> Models.requireMemory(model, config, bytes - 1))
                .isInstanceOf(InputException.class)
                .hasMessageMatching(
                        "c.json: describes \\d+.* parameters, which take .* GB in single precision; there are .*");
    }

    @Test
    void aSizeThatIsNotPositiveIsRefused() {
        assertThatThrownBy(() -> VisionTransformer.builder().patchSize(0).build())
                .hasMessage("the patch size is 0; it must be positive");
        assertThatThrownBy(() -> VisionTransformer.builder().layers(-1).build())
                .hasMessage("the number of layers is -1; it must be positive");
    }

    @Test
    void anUnknownNameIsRefused() {
        assertThatThrownBy(() -> Models.open(Kind.VIT, "vit_h_14"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("vit_h_14 is not a file, and not one of vit_b_16, vit_b_32, vit_l_16");
        assertThatThrownBy(() -> Models.open(Kind.CLIP, "absent.json"))
                .hasMessageContaining("absent.json: there is no");
    }

    /** A folder that is called like a model, as one of its checkpoints may be, does not hide it. */
    @Test
    void aFolderIsNotAConfiguration() throws IOException {
        Path here = Files.createDirectory(Path.of("vit_l_16"));
        try {
            assertThat(Models.open(Kind.VIT, "vit_l_16").stateDict()).containsKey("heads.head.weight");
        } finally {
            Files.delete(here);
        }
    }

    @Test
    void imagesOfAnotherSizeAreRefused() {
        VisionTransformer model = Formula.smallVit(3);
        try (PointerScope scope = new PointerScope();
                Parameters parameters = Formula.parameters(model)) {
            assertThatThrownBy(() -> model.logits(new PlainLayers(parameters, false), Formula.images(1, 24)))
                    .hasMessageContaining("images has the shape [1, 3, 24, 24], expected [1, 3, 16, 16]");
        }
    }
}
