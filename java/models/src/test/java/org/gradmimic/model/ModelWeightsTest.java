package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.layer.Parameters;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of weights meet models they fit, nearly fit, and don't fit. */
class ModelWeightsTest {
    private static final VisionTransformer VIT = Formula.smallVit(3);
    private static final ResNet RESNET = new ResNet(false, new ResNet.Blocks(1, 1, 1, 1), 4, 32);

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("weights.safetensors");
    }

    /** What a caller changes of a state dict before it is written. */
    @FunctionalInterface
    private interface Change {
        void to(Map<String, Tensor> tensors);
    }

    private void write(Architecture model, Change change) {
        try (PointerScope scope = new PointerScope();
                Parameters parameters = Formula.parameters(model)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            parameters.names().forEach(name -> tensors.put(name, parameters.tensor(name)));
            change.to(tensors);
            Safetensors.write(file, Map.of(), tensors);
        }
    }

    private void assertRefused(Architecture model, boolean allowHead, String... parts) {
        assertThatThrownBy(() -> (allowHead
                                ? ModelWeights.read(model, file, WeightsOptions.NONE.withNewHead(1))
                                : ModelWeights.read(model, file))
                        .close())
                .isInstanceOf(GradmimicException.class)
                .hasMessageStartingWith(file + ": does not fit the model; ")
                .hasMessageContainingAll(parts);
    }

    @Test
    void matchingTensorsAreRead() {
        write(VIT, tensors -> {});
        try (PointerScope scope = new PointerScope();
                Parameters expected = Formula.parameters(VIT);
                ModelWeights read = ModelWeights.read(VIT, file)) {
            assertThat(read.reinitialised()).isEmpty();
            assertThat(read.parameters().names())
                    .containsExactlyElementsOf(VIT.stateDict().keySet());
            for (String name : expected.names()) {
                assertThat(Tensors.floats(read.parameters().tensor(name)))
                        .as(name)
                        .isEqualTo(Tensors.floats(expected.tensor(name)));
                assertThat(read.parameters().tensor(name).requires_grad()).isFalse();
            }
        }
    }

    @Test
    void halvesAndDoublesBecomeFloats() {
        write(
                VIT,
                tensors -> tensors.replaceAll((name, tensor) -> tensor.to(
                        name.endsWith("bias")
                                ? ScalarType.BFloat16
                                : name.contains("ln") ? ScalarType.Double : ScalarType.Half)));
        try (PointerScope scope = new PointerScope();
                ModelWeights read = ModelWeights.read(VIT, file)) {
            for (Tensor tensor : read.parameters().tensors()) {
                assertThat(tensor.scalar_type().intern()).isEqualTo(ScalarType.Float);
            }
        }
    }

    @Test
    void allThatDoesNotFitIsNamed() {
        write(VIT, tensors -> {
            tensors.remove("class_token");
            tensors.remove("encoder.ln.bias");
            tensors.put("heads.extra", Tensors.of(new float[] {1}, 1));
            tensors.put("a\nb", Tensors.of(new float[] {1}, 1));
            tensors.put("conv_proj.bias", Tensors.of(new float[9], 9));
            tensors.put("encoder.ln.weight", tensors.get("encoder.ln.weight").to(ScalarType.Long));
        });
        assertRefused(
                VIT,
                true,
                "missing: class_token, encoder.ln.bias",
                "surplus: heads.extra, a?b",
                "misshapen: conv_proj.bias [9] (expected [8]), encoder.ln.weight of type I64");
    }

    @Test
    void anotherNumberOfClassesIsAllowedIfAskedFor() {
        VisionTransformer more = Formula.smallVit(7);
        write(more, tensors -> {});
        assertRefused(VIT, false, "heads.head.weight [7, 8] (expected [3, 8])", "heads.head.bias [7] (expected [3])");
        assertThatThrownBy(() -> ModelWeights.read(VIT, file)).isInstanceOf(HeadMismatchException.class);
        try (PointerScope scope = new PointerScope();
                ModelWeights read = ModelWeights.read(VIT, file, WeightsOptions.NONE.withNewHead(1));
                ModelWeights again = ModelWeights.read(VIT, file, WeightsOptions.NONE.withNewHead(1));
                ModelWeights other = ModelWeights.read(VIT, file, WeightsOptions.NONE.withNewHead(2))) {
            assertThat(read.reinitialised()).containsExactlyInAnyOrder("heads.head.weight", "heads.head.bias");
            float[] weight = Tensors.floats(read.parameters().tensor("heads.head.weight"));
            assertThat(weight).hasSize(24);
            // As torch draws it: within ±1/√8, and not all the same.
            for (float value : weight) assertThat(Math.abs(value)).isBetween(0f, (float) (1 / Math.sqrt(8)));
            assertThat(weight[0]).isNotEqualTo(weight[1]);
            assertThat(Tensors.floats(again.parameters().tensor("heads.head.weight")))
                    .isEqualTo(weight);
            assertThat(Tensors.floats(other.parameters().tensor("heads.head.weight")))
                    .isNotEqualTo(weight);
        }
    }

    /** A head of other features is no other number of classes, and where it fits nothing is drawn. */
    @Test
    void onlyTheNumberOfClassesMayDiffer() {
        write(VIT, tensors -> tensors.put("heads.head.weight", Tensors.of(new float[21], 3, 7)));
        assertRefused(VIT, true, "heads.head.weight [3, 7] (expected [3, 8])");
        assertThatThrownBy(() -> ModelWeights.read(VIT, file)).isNotInstanceOf(HeadMismatchException.class);
        write(VIT, tensors -> {});
        try (ModelWeights read = ModelWeights.read(VIT, file, WeightsOptions.NONE.withNewHead(1))) {
            assertThat(read.reinitialised()).isEmpty();
        }
    }

    @Test
    void namesThatTorchvisionGaveUpAreKnown() {
        write(VIT, tensors -> {
            for (String name : VIT.stateDict().keySet()) {
                if (!name.contains(".mlp.")) continue;
                tensors.put(
                        name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2"), tensors.remove(name));
            }
        });
        try (ModelWeights read = ModelWeights.read(VIT, file)) {
            assertThat(read.parameters().names())
                    .containsExactlyElementsOf(VIT.stateDict().keySet());
        }
    }

    @Test
    void runningStatisticsAreNeededAndCountersAreNot() {
        write(RESNET, tensors -> tensors.keySet().removeIf(name -> name.endsWith("num_batches_tracked")));
        try (ModelWeights read = ModelWeights.read(RESNET, file)) {
            assertThat(read.parameters().names()).contains("bn1.running_var").doesNotContain("bn1.num_batches_tracked");
        }
        write(RESNET, tensors -> tensors.remove("bn1.running_var"));
        assertRefused(RESNET, false, "missing: bn1.running_var");
    }

    @Test
    void openAisThreeExtraNumbersAreSkipped() throws Exception {
        Architecture clip = Models.open(
                Models.Kind.CLIP,
                Files.writeString(
                                folder.resolve("clip.json"),
                                "{\"embed_dim\":8,\"vision_cfg\":{\"image_size\":16,\"patch_size\":8,\"layers\":1,\"width\":8,"
                                        + "\"head_width\":4},\"text_cfg\":{\"context_length\":5,\"vocab_size\":9,\"width\":8,"
                                        + "\"heads\":2,\"layers\":1}}")
                        .toString());
        write(clip, tensors -> {
            for (String name : new String[] {"input_resolution", "context_length", "vocab_size"}) {
                tensors.put(name, Tensors.of(new long[] {5}));
            }
        });
        try (ModelWeights read = ModelWeights.read(clip, file)) {
            assertThat(read.parameters().names())
                    .containsExactlyElementsOf(clip.stateDict().keySet());
        }
    }
}
