package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.model.Models.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints as timm and transformers write them (make_checkpoints.py), with what their own models compute. */
class CheckpointsTest {
    private static final String VIT = "{\"image_size\":32,\"patch_size\":16,\"num_layers\":2,\"num_heads\":2,"
            + "\"hidden_dim\":24,\"mlp_dim\":48,\"num_classes\":3";

    @TempDir
    private Path folder;

    private static Path stored(String name) {
        try {
            return Path.of(
                    CheckpointsTest.class.getResource("/checkpoints/" + name).toURI());
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

    /** Theirs and ours are in single precision, so both have errors of some 10^-6 of the row's length. */
    private static void assertClose(Tensor actual, Tensor expected) {
        float[] ours = Tensors.floats(actual);
        float[] theirs = Tensors.floats(expected);
        assertThat(ours).hasSameSizeAs(theirs);
        double length = 0;
        for (float value : theirs) length = Math.max(length, Math.abs(value));
        assertThat(length).isGreaterThan(0.05);
        for (int i = 0; i < ours.length; i++) assertThat((double) ours[i]).isCloseTo(theirs[i], within(1e-4 * length));
    }

    private void compareLogits(Architecture model, Path file, Path expected, List<String> notes) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                ModelWeights weights = ModelWeights.read(model, file);
                Weights theirs = Weights.open(expected)) {
            assertThat(weights.notes()).isEqualTo(notes);
            Tensor logits = ((ImageClassifier) model)
                    .logits(new PlainLayers(weights.parameters(), false), theirs.tensor("images"));
            assertClose(logits, theirs.tensor("logits"));
        }
    }

    /** The averaged weights of a checkpoint that also has others, an argparse.Namespace, a set and a number of 70 bits. */
    @Test
    void aVisionTransformerOfTimm() {
        compareLogits(
                model(Kind.VIT, VIT + "}"),
                stored("timm.pt"),
                stored("timm.expected.safetensors"),
                List.of(
                        "read its entry state_dict_ema",
                        "removed the prefix module._orig_mod. from every name",
                        "has the names of timm"));
    }

    /** In four files, with queries, keys and values apart. */
    @Test
    void aVisionTransformerOfTransformers() {
        compareLogits(
                model(Kind.VIT, VIT + ",\"layer_norm_eps\":1e-12}"),
                stored("vit/model.safetensors.index.json"),
                stored("vit.expected.safetensors"),
                List.of("read 40 tensors from 4 files", "has the names of transformers"));
    }

    @Test
    void aVisionTransformerOfTransformersIsToldOfAnotherEpsilon() {
        try (PointerScope scope = new PointerScope();
                ModelWeights weights =
                        ModelWeights.read(model(Kind.VIT, VIT + "}"), stored("vit/model.safetensors.index.json"))) {
            assertThat(weights.notes())
                    .endsWith(
                            "transformers' own configurations have \"layer_norm_eps\": 1e-12, and this model has 1e-6;"
                                    + " a JSON configuration can set it");
        }
    }

    @Test
    void aClipOfTransformers() {
        Clip clip = (Clip) model(
                Kind.CLIP,
                "{\"embed_dim\":12,\"vision_cfg\":{\"image_size\":32,\"layers\":1,\"width\":16,\"head_width\":8,"
                        + "\"patch_size\":16},\"text_cfg\":{\"context_length\":8,\"vocab_size\":50,\"width\":16,"
                        + "\"heads\":2,\"layers\":1}}");
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                ModelWeights weights = ModelWeights.read(clip, stored("clip/model.safetensors"));
                Weights theirs = Weights.open(stored("clip.expected.safetensors"))) {
            assertThat(weights.notes()).containsExactly("has the names of transformers");
            Clip.Features features = clip.features(
                    new PlainLayers(weights.parameters(), false), theirs.tensor("images"), theirs.tensor("tokens"));
            assertClose(unit(features.image()), theirs.tensor("image"));
            assertClose(unit(features.text()), theirs.tensor("text"));
        }
    }

    private static Tensor unit(Tensor rows) {
        return rows.div(rows.norm(new ScalarOptional(new Scalar(2)), new long[] {1}, true));
    }

    /** 20 MB, so it is written where Python is found. */
    @Test
    void aResNetOfTransformers() throws IOException {
        assumeTrue(
                Python.has("torch", "transformers.models.resnet.modeling_resnet", "safetensors"),
                "needs torch, transformers and safetensors");
        Python.run(
                "import runpy, sys; script, folder = sys.argv[1:]; sys.argv = [script, '--resnet', folder];"
                        + " runpy.run_path(script)",
                Path.of("src/test/python/make_checkpoints.py").toAbsolutePath(),
                folder);
        compareLogits(
                model(Kind.RESNET, "{\"block\":\"basic\",\"layers\":[1,1,1,1],\"num_classes\":3,\"image_size\":32}"),
                folder.resolve("resnet/model.safetensors.index.json"),
                folder.resolve("resnet.expected.safetensors"),
                List.of("read 74 tensors from 3 files", "has the names of transformers"));
    }

    @Test
    void everyNestingIsRead() {
        StoredTensor tensor = StoredTensor.contiguous(ElementType.F32, new long[] {1}, 0);
        Map<String, Object> state = new LinkedHashMap<>(Map.of("model.module.a", tensor));
        state.put("model.module.b", tensor);
        Map<String, Object> configuration = Map.of("depth", 3L);
        Checkpoint found = Checkpoint.find(Map.of("model", configuration, "net", Map.of("state_dict", state)));
        assertThat(found).isNotNull();
        assertThat(found.withoutPrefixes().tensors()).containsOnlyKeys("a", "b");
        assertThat(found.withoutPrefixes().notes())
                .containsExactly("read its entry net.state_dict", "removed the prefix model.module. from every name");
        for (List<String> order : List.of(
                List.of("state_dict_ema", "state_dict"),
                List.of("model_ema", "model"),
                List.of("teacher", "student"))) {
            Map<String, Object> both = Map.of(order.get(1), Map.of("x", tensor), order.get(0), Map.of("y", tensor));
            assertThat(Checkpoint.find(both).tensors()).containsOnlyKeys("y");
        }
        // Averaged by torch.optim.swa_utils.
        assertThat(Checkpoint.find(Map.of("n_averaged", tensor, "module.a", tensor))
                        .withoutPrefixes()
                        .tensors())
                .containsOnlyKeys("a");
        // A prefix that is not before every name is a part of the names.
        assertThat(Checkpoint.find(Map.of("head.a", tensor, "module.a", tensor))
                        .withoutPrefixes()
                        .tensors())
                .containsOnlyKeys("head.a", "module.a");
        Map<String, Object> itself = new LinkedHashMap<>();
        itself.put("model", itself);
        assertThat(Checkpoint.find(itself)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"weight_map\":{\"a\":\"x.safetensors\"}} | x.safetensors: there is no such file",
                "{\"weight_map\":{\"a\":\"../x\"}} | has '../x' as the file of 'a'; expected a file name",
                "{\"weight_map\":{\"a\":3}} | has '3' as the file of 'a'",
                "{\"weight_map\":{\"a\":\"p\"}} | names p as the file of 'a', which it lacks",
                "{\"weight_map\":{\"present\":\"p\"}} | does not name 'other', which is in p",
                "{\"weight_map\":{}} | has no object 'weight_map'",
                "[] | has no object 'weight_map'",
                "{ | model.safetensors.index.json: "
            })
    void anIndexThatDoesNotFitIsRefused(String json, String message) throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Tensor one = Tensors.empty(new long[] {1}).zero_();
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("present", one);
            tensors.put("other", one);
            Safetensors.write(folder.resolve("p"), Map.of(), tensors);
        }
        Path index = Files.writeString(folder.resolve("model.safetensors.index.json"), json);
        assertThatThrownBy(() -> Weights.open(index).close())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining(message);
    }

    /** Names of the model and of the file, and both shapes. */
    @Test
    void aMisfitNamesTheFilesTensor() {
        assertThatThrownBy(() -> ModelWeights.read(
                        model(Kind.VIT, VIT.replace("\"mlp_dim\":48", "\"mlp_dim\":49") + "}"), stored("timm.pt")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("misshapen: encoder.layers.encoder_layer_0.mlp.0.weight from"
                        + " blocks.0.mlp.fc1.weight [48, 24] (expected [49, 24])");
        assertThatThrownBy(() -> ModelWeights.read(
                        model(Kind.VIT, VIT.replace("\"num_layers\":2", "\"num_layers\":1") + "}"), stored("timm.pt")))
                .hasMessageContaining("surplus: encoder.layers.encoder_layer_1.ln_1.weight");
    }
}
