package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.model.Clip;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.Models;
import org.gradmimic.train.NpyTensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code gradmimic score model} reproduces the reference scores of a vision transformer and a CLIP. */
class ModelVectorsTest {
    @TempDir
    Path folder;

    private static JsonNode scores(String model) {
        return JsonMapper.shared()
                .readTree(Vectors.path(model + "/scores_by_parameter.json").toFile());
    }

    static Stream<String> vitParameters() {
        return scores("vit").propertyNames().stream();
    }

    private String[] arguments(String kind, String mimicLayer, String... more) {
        List<String> arguments = new ArrayList<>(List.of("score", "model", "--quiet", "--model", kind));
        arguments.addAll(
                List.of("--model-config", Vectors.path(kind + "/config.json").toString()));
        arguments.addAll(
                List.of("--weights", Vectors.path(kind + "/model.safetensors").toString()));
        arguments.addAll(List.of(
                "--reference", Vectors.path(kind + "/reference.safetensors").toString()));
        arguments.addAll(List.of("--images", Vectors.path(kind + "/images.npy").toString()));
        arguments.addAll(List.of("--mimic-layer", mimicLayer));
        arguments.addAll(List.of("--out", folder.resolve("scores.npy").toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    private static void run(String... arguments) {
        Run run = Run.main(arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
    }

    /** Each within a ten-thousandth of itself; those near 0, of a hundredth of the largest. */
    private static void compare(String what, Path actual, JsonNode expected) {
        float[] values = Vectors.floats(actual);
        assertThat(values).as(what).hasSize(expected.size());
        double largest = 0;
        for (JsonNode value : expected) largest = Math.max(largest, Math.abs(value.asDouble()));
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i])
                    .as("%s of sample %d", what, i)
                    .isCloseTo(
                            expected.get(i).asDouble(),
                            within(1e-4 * Math.max(Math.abs(expected.get(i).asDouble()), largest / 100)));
        }
    }

    @ParameterizedTest
    @MethodSource("vitParameters")
    void scoresAndNormsOfEveryParameter(String parameter) {
        Path norms = folder.resolve("norms.npy");
        run(arguments(
                "vit",
                parameter,
                "--labels",
                Vectors.path("vit/labels.npy").toString(),
                "--grad-norms",
                norms.toString()));
        JsonNode expected = scores("vit").get(parameter);
        compare("score", folder.resolve("scores.npy"), expected.get("score"));
        compare("gradient norm", norms, expected.get("grad_norm"));
    }

    @Test
    void logits() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                ImageClassifier model = (ImageClassifier) Models.open(
                        Models.Kind.VIT, Vectors.path("vit/config.json").toString());
                ModelWeights weights = ModelWeights.read(model, Vectors.path("vit/model.safetensors"))) {
            float[] logits = Tensors.floats(model.logits(
                    new PlainLayers(weights.parameters(), false), NpyTensors.floats(Vectors.path("vit/images.npy"))));
            double[] expected = Vectors.doubles(Vectors.path("vit/logits_f64.npy"));
            assertThat(logits).hasSize(expected.length);
            for (int i = 0; i < logits.length; i++) {
                assertThat((double) logits[i]).isCloseTo(expected[i], within(1e-4));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "visual.transformer.resblocks.1.mlp.c_proj.weight",
                "transformer.resblocks.1.mlp.c_proj.weight",
                "visual.proj",
                "text_projection"
            })
    void exactScoresAndLossesOfClip(String parameter) {
        Path losses = folder.resolve("losses.npy");
        run(arguments(
                "clip",
                parameter,
                "--tokens",
                Vectors.path("clip/tokens.npy").toString(),
                "--losses",
                losses.toString()));
        JsonNode expected = scores("clip");
        compare("score", folder.resolve("scores.npy"), expected.get(parameter).get("exact_score"));
        compare("loss", losses, expected.get("loss"));
    }

    @Test
    void featuresOfClip() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard();
                Clip model = (Clip) Models.open(
                        Models.Kind.CLIP, Vectors.path("clip/config.json").toString());
                ModelWeights weights = ModelWeights.read(model, Vectors.path("clip/model.safetensors"))) {
            Clip.Features features = model.features(
                    new PlainLayers(weights.parameters(), false),
                    NpyTensors.floats(Vectors.path("clip/images.npy")),
                    NpyTensors.longs(Vectors.path("clip/tokens.npy")));
            compareFeatures("image", normalised(features.image()));
            compareFeatures("text", normalised(features.text()));
        }
    }

    /** Rows of length 1, as the vectors have them. */
    private static float[] normalised(Tensor features) {
        return Tensors.floats(
                features.div(Tensors.rowNormsSquared(features).sqrt().unsqueeze(1)));
    }

    private static void compareFeatures(String tower, float[] actual) {
        double[] expected = Vectors.doubles(Vectors.path("clip/" + tower + "_features_f64.npy"));
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i]).as("%s feature %d", tower, i).isCloseTo(expected[i], within(1e-4 * largest));
        }
    }
}
