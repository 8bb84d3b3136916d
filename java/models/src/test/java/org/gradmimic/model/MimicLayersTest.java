package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MimicLayersTest {
    private static final VisionTransformer VIT = Formula.smallVit(3);
    private static final ResNet RESNET = new ResNet(false, new ResNet.Blocks(1, 1, 1, 1), 4, 32);

    @Test
    void namesListsPatternsAndAll() {
        assertThat(MimicLayers.resolve(VIT, "heads.head.weight")).containsExactly("heads.head.weight");
        // In the model's order, each once.
        assertThat(MimicLayers.resolve(VIT, "heads.*, class_token,heads.head.bias"))
                .containsExactly("class_token", "heads.head.weight", "heads.head.bias");
        assertThat(MimicLayers.resolve(VIT, "*_layer_?.mlp.0.weight"))
                .containsExactly(
                        "encoder.layers.encoder_layer_0.mlp.0.weight", "encoder.layers.encoder_layer_1.mlp.0.weight");
        List<String> all = MimicLayers.resolve(VIT, "all");
        assertThat(all).containsExactlyElementsOf(VIT.stateDict().keySet());
        assertThat(MimicLayers.resolve(VIT, "*")).isEqualTo(all);
        assertThat(MimicLayers.resolve(RESNET, "all"))
                .contains("bn1.weight")
                .noneMatch(name -> name.contains("running") || name.contains("num_batches"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "head.weight | the model has no parameter head.weight; the closest matches are heads.head.weight",
                "class_tokn | the closest matches are class_token",
                "heads.[a-z]* | no parameter matches heads.[a-z]*",
                "heads.head.weight, | the mimic layer has an empty name",
                "'' | the mimic layer has an empty name",
            })
    void unknownNamesAreRefused(String text, String message) {
        assertThatThrownBy(() -> MimicLayers.resolve(VIT, text))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aBufferIsNotAParameter() {
        assertThatThrownBy(() -> MimicLayers.resolve(RESNET, "bn1.running_mean"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("bn1.running_mean is a buffer, not a parameter");
    }
}
