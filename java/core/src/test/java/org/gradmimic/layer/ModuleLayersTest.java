package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.EmbeddingImpl;
import org.bytedeco.pytorch.EmbeddingOptions;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LayerNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.kCircular;
import org.bytedeco.pytorch.kReflect;
import org.bytedeco.pytorch.kReplicate;
import org.bytedeco.pytorch.kSame;
import org.bytedeco.pytorch.kValid;
import org.gradmimic.OwnScope;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Options of modules that cannot be recorded, and modules without parameters. */
@ExtendWith(OwnScope.class)
class ModuleLayersTest {
    private static RecordingLayers layers(Parameters parameters, String mimic) {
        return RecordingLayers.builder(parameters)
                .mimic(List.of(mimic))
                .reference(parameters)
                .build();
    }

    private static void assertRefused(Module layer, java.util.function.Consumer<RecordingLayers> call, String message) {
        Module model = new Module();
        model.register_module("block", layer);
        try (Parameters parameters = Parameters.of(model);
                RecordingLayers layers = layers(parameters, "block.weight")) {
            assertThatThrownBy(() -> call.accept(layers))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("layer block ")
                    .hasMessageContaining(message);
        }
    }

    @Test
    void paddingsWithoutANumberOrWithOtherThanZeros() {
        Tensor x = torch.randn(2, 3, 5, 5);
        for (int kind = 0; kind < 5; kind++) {
            Conv2dOptions options = OneLayer.options(3, 4, 3, 3, 1);
            switch (kind) {
                case 0 -> options.padding().put(new kSame());
                case 1 -> options.padding().put(new kValid());
                case 2 -> options.padding_mode().put(new kReflect());
                case 3 -> options.padding_mode().put(new kReplicate());
                default -> options.padding_mode().put(new kCircular());
            }
            if (kind > 1) options.padding().put(new LongPointer(1, 1));
            Conv2dImpl conv = new Conv2dImpl(options);
            assertRefused(conv, layers -> layers.conv2d(conv, x), "pads by name or with other than zeros");
        }
    }

    @Test
    void embeddingsWhoseRowsOrGradientsDependOnMoreThanOneSample() {
        Tensor ids = torch.zeros(2, 3).to(ScalarType.Long);
        EmbeddingOptions bounded = new EmbeddingOptions(5, 3);
        bounded.max_norm().put(new DoubleOptional(1));
        EmbeddingImpl first = new EmbeddingImpl(bounded);
        assertRefused(first, layers -> layers.embedding(first, ids), "max_norm");
        EmbeddingOptions frequency = new EmbeddingOptions(5, 3);
        frequency.scale_grad_by_freq().put(true);
        EmbeddingImpl second = new EmbeddingImpl(frequency);
        assertRefused(second, layers -> layers.embedding(second, ids), "scale_grad_by_freq");
    }

    /** Norms without factor and shift just compute. */
    @Test
    void normsWithoutParameters() {
        BatchNormOptions batch = new BatchNormOptions(3);
        batch.affine().put(false);
        BatchNorm2dImpl batchNorm = new BatchNorm2dImpl(batch);
        BatchNorm2dImpl plainBatchNorm = new BatchNorm2dImpl(batch);
        LayerNormOptions layer = new LayerNormOptions(new LongVector(4, 4));
        layer.elementwise_affine().put(false);
        LayerNormImpl layerNorm = new LayerNormImpl(layer);
        LinearImpl head = new LinearImpl(48, 5);
        Tensor x = torch.randn(2, 3, 4, 4);
        Tensor labels = SmallModels.labels(2);
        try (Parameters parameters = Parameters.of(head);
                Parameters reference = Parameters.of(Map.of("weight", torch.randn(5, 48)));
                RecordingLayers layers = RecordingLayers.builder(parameters)
                        .mimic("weight")
                        .reference(reference)
                        .build()) {
            Tensor h = layers.layerNorm(layerNorm, layers.batchNorm(batchNorm, x));
            assertThat(torch.equal(h, layerNorm.forward(plainBatchNorm.forward(x))))
                    .isTrue();
            assertThat(torch.equal(batchNorm.running_var(), plainBatchNorm.running_var()))
                    .isTrue();
            LayerScores scores =
                    layers.score(Losses.crossEntropy(layers.linear(head, h.flatten(1, -1)), labels), false);
            assertThat(scores.scores()[0]).hasSize(2).doesNotContain(0, Double.NaN);
        }
    }

    @Test
    void aModuleThatIsNotAmongTheParameters() {
        LinearImpl known = new LinearImpl(4, 3);
        LinearImpl other = new LinearImpl(4, 7);
        try (Parameters parameters = Parameters.of(known);
                RecordingLayers layers = layers(parameters, "weight")) {
            assertThatThrownBy(() -> layers.linear(other, torch.randn(2, 4)))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("shape [7, 4] is not among the parameters");
        }
    }
}
