package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.Tensors;
import org.gradmimic.io.Json;
import org.gradmimic.model.Weights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gradmimic embed} with models by name, against timm's and open_clip's features (make_features.py). */
class EmbedModelTest {
    private static final Path STORED = Path.of("..", "models", "src", "test", "resources");

    @TempDir
    private Path folder;

    private final Map<String, String> options = new LinkedHashMap<>();

    @BeforeEach
    void timm() throws IOException {
        with("model", "vit")
                .with(
                        "model-config",
                        config(
                                "vit.json",
                                "{\"image_size\":32,\"patch_size\":16,"
                                        + "\"num_layers\":2,\"num_heads\":2,\"hidden_dim\":24,\"mlp_dim\":48}"));
        with("weights", STORED.resolve("checkpoints/timm.pt"))
                .with("data", "images:" + STORED.resolve("features/images"));
        with("resize", 35).with("interpolation", "bicubic").with("mean", 0.5).with("std", 0.5);
        with("out", folder.resolve("out"));
    }

    private void clip() throws IOException {
        options.clear();
        with("model", "clip")
                .with(
                        "model-config",
                        config(
                                "clip.json",
                                "{\"embed_dim\":12,\"quick_gelu\":true,"
                                        + "\"vision_cfg\":{\"image_size\":32,\"layers\":2,\"width\":16,\"head_width\":8,\"patch_size\":16},"
                                        + "\"text_cfg\":{\"context_length\":8,\"vocab_size\":666,\"width\":16,\"heads\":2,\"layers\":1}}"));
        with("weights", STORED.resolve("features/openai.pt")).with("out", folder.resolve("out"));
    }

    private Path config(String name, String json) throws IOException {
        return Files.writeString(folder.resolve(name), json);
    }

    private EmbedModelTest with(String option, Object value) {
        options.put(option, value.toString());
        return this;
    }

    private Run run() {
        List<String> arguments = new ArrayList<>(List.of("embed"));
        options.forEach((option, value) -> {
            arguments.add("--" + option);
            if (!value.isEmpty()) arguments.add(value);
        });
        return Run.main(arguments.toArray(String[]::new));
    }

    private void assertFeatures(String expected) {
        float[] ours = Vectors.floats(folder.resolve("out/features.npy"));
        try (PointerScope scope = new PointerScope();
                Weights file = Weights.open(STORED.resolve("features/expected.safetensors"))) {
            float[] theirs = Tensors.floats(file.tensor(expected));
            assertThat(ours).hasSameSizeAs(theirs);
            float largest = 0;
            for (float value : theirs) largest = Math.max(largest, Math.abs(value));
            // Single precision on both sides.
            for (int i = 0; i < ours.length; i++) assertThat(ours[i]).isCloseTo(theirs[i], within(1e-4f * largest));
        }
    }

    @Test
    void aModelOfTimm() throws IOException {
        Run run = run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("features of 3 images, 24 each");
        assertThat(run.err())
                .contains("timm.pt: read its entry state_dict_ema\n")
                .contains("timm.pt: has the names of timm\n")
                .contains("images: shorter side to 35 pixels by bicubic, centre of 32x32; mean [0.5, 0.5, 0.5]");
        assertFeatures("timm");
        Map<?, ?> metrics = (Map<?, ?>) Json.value(Files.readString(folder.resolve("out/metrics.json")));
        assertThat(metrics.get("images")).isEqualTo("shorter side to 35 pixels by bicubic, centre of 32x32");
        assertThat(metrics.get("mean")).isEqualTo(List.of(0.5, 0.5, 0.5));
        assertThat(metrics.get("features")).isEqualTo(24);
        assertThat(metrics.get("samples")).isEqualTo(3);
        assertThat(metrics.get("read").toString()).contains("has the names of timm");
    }

    @Test
    void positionsOfAnotherSizeAreRefusedOrResampled() throws IOException {
        with("size", 64).with("resize", 71).with("quiet", "");
        run().assertRefused(
                        "embed",
                        "the positions of images of 32x32 pixels (2x2 patches of 16)",
                        "of images of 64x64 pixels (4x4 patches of 16)",
                        "--resample-pos-embed resamples them");
        assertThat(folder.resolve("out")).doesNotExist();
        options.remove("quiet");
        Run run = with("resample-pos-embed", "").run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("resampled the position embeddings bicubically");
        assertFeatures("timm_64");
        assertThat(folder.resolve("out/metrics.json")).content().contains("resampled the position embeddings");
    }

    @Test
    void bothTowersOfClip() throws IOException {
        clip();
        with("data", "images:" + STORED.resolve("features/images"));
        Run run = run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("is a TorchScript archive: read its tensors, did not run its program");
        assertFeatures("openai");
        clip();
        Map<?, ?> captions = (Map<?, ?>) Json.value(Files.readString(STORED.resolve("captions/expected.json")));
        List<String> merges = new ArrayList<>(List.of("#version: small"));
        ((List<?>) captions.get("merges")).forEach(merge -> merges.add((String) merge));
        with(
                "captions",
                config(
                        "captions.txt",
                        "a photo of a dog\nthe red vintage photograph of an old house by the" + " sea\n\n"));
        with("vocabulary", Files.write(folder.resolve("bpe.txt"), merges)).with("out", folder.resolve("text"));
        run = run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("features of 3 captions, 12 each");
        Files.move(folder.resolve("out"), folder.resolve("images"));
        Files.move(folder.resolve("text"), folder.resolve("out"));
        assertFeatures("openai_text");
        assertThat(folder.resolve("out/labels.npy")).doesNotExist();
    }

    @Test
    void whatContradictsIsNamed() throws IOException {
        with("quiet", "");
        refused(
                "model",
                "vit_b_17",
                "there is no such file as vit_b_17, and it is not one of vit, resnet, clip, vit_b_16");
        refused("model", "vit_b_16", "vit_b_16 is a configuration already; leave out --model-config");
        refused("model-config", null, "--model vit needs --model-config, a JSON file or one of vit_b_16");
        refused("weights", null, "--model vit needs --weights FILE");
        refused("resize", "31", "--resize: a shorter side of 31 pixels does not contain 32x32");
        refused("resize", "wide", "--resize is wide; expected a number of pixels, or squash");
        refused("interpolation", "area", "--resize: area scales both sides");
        refused("size", "40", "--size: images of 40 pixels per side cannot be divided into patches of 16");
        refused("size", "0", "--size is 0");
        refused("mean", "x", "--mean");
        refused("data", null, "give either --data with images, or --captions");
        refused("vocabulary", "v.txt", "--vocabulary is for --captions");
        refused("model", STORED.resolve("features/openai.pt").toString(), "--weights is for a model by name");
        Files.writeString(folder.resolve("c.txt"), "a\n");
        with("captions", folder.resolve("c.txt"));
        refused("vocabulary", null, "--captions needs --vocabulary");
        options.remove("data");
        refused("vocabulary", "v.txt", "--captions is for CLIP, the only model with a text tower");
    }

    /** This module does not depend on ONNX Runtime. */
    @Test
    void aMissingOnnxRuntimeIsNamedWithWhatAddsIt() {
        options.clear();
        with("model", STORED.resolve("onnx/net.onnx"))
                .with("data", "drawn:classes=2,train=4")
                .with("size", 16);
        with("out", folder.resolve("out"));
        run().assertRefused(
                        "embed",
                        "net.onnx: needs ONNX Runtime, which cannot be loaded",
                        "add com.microsoft.onnxruntime:onnxruntime to the class path, with ./gradmimic build --onnx (54 MB)");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private void refused(String option, String value, String message) {
        Map<String, String> before = new LinkedHashMap<>(options);
        if (value == null) options.remove(option);
        else options.put(option, value);
        run().assertRefused("embed", message);
        assertThat(folder.resolve("out")).doesNotExist();
        options.clear();
        options.putAll(before);
    }
}
