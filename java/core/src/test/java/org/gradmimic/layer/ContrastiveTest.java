package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Calibration;
import org.gradmimic.OwnScope;
import org.gradmimic.ScoreTable;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.base.NonFiniteException;
import org.gradmimic.layer.ContrastiveBatch.Kind;
import org.gradmimic.layer.SmallModels.Twin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith({OneThread.class, OwnScope.class})
class ContrastiveTest {
    @ParameterizedTest
    @CsvSource({"SOFTMAX,1", "SOFTMAX,4", "SIGMOID,1", "SIGMOID,3"})
    void exactScoresAreTheDerivative(Kind kind, int rows) {
        try (Towers towers = new Towers(kind, ScalarType.Double, rows)) {
            List<List<String>> choices =
                    new ArrayList<>(towers.used().stream().map(List::of).toList());
            choices.add(towers.used());
            double step = 1e-5;
            for (List<String> mimic : choices) {
                LayerScores found = towers.scores(mimic, ContrastiveScore.EXACT);
                double[] here = towers.losses(mimic, 0);
                double[] ahead = towers.losses(mimic, step);
                double[] behind = towers.losses(mimic, -step);
                double distance = Twin.distance(towers.live, towers.reference, mimic);
                assertThat(found.gradientNorms()).isNull();
                assertThat(found.directionNorms()[0]).isCloseTo(distance, within(1e-9 * distance));
                for (int i = 0; i < rows; i++) {
                    assertThat(found.losses()[i]).isCloseTo(here[i], within(1e-9));
                    // The difference's own error: third derivatives times 1e-10, and 1e-16/1e-5.
                    assertThat(found.scores()[0][i])
                            .as("%s, sample %d", mimic, i)
                            .isCloseTo((behind[i] - ahead[i]) / (2 * step * distance), within(2e-7));
                }
            }
        }
    }

    /** In float, against double on the same numbers. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void floatsAgreeWithDoubles(Kind kind) {
        List<String> mimic = List.of("image.block0.attention.in_proj_weight", "text.block.mlp2.weight", "scale");
        try (Towers floats = new Towers(kind, ScalarType.Float, 5);
                Towers doubles = new Towers(kind, ScalarType.Double, 5)) {
            double[] narrow = floats.scores(mimic, ContrastiveScore.EXACT).scores()[0];
            double[] wide = doubles.scores(mimic, ContrastiveScore.EXACT).scores()[0];
            for (int i = 0; i < 5; i++) assertThat(narrow[i]).isCloseTo(wide[i], within(2e-5));
        }
    }

    @Test
    void pathsSumToTheSameOverTheBatch() {
        try (Towers towers = new Towers(Kind.SOFTMAX, ScalarType.Double, 4)) {
            List<String> mimic = List.of("image.projection", "text.block.mlp1.weight", "text.words.weight");
            double[] exact = towers.scores(mimic, ContrastiveScore.EXACT).scores()[0];
            double[] path = towers.scores(mimic, ContrastiveScore.PATH).scores()[0];
            assertThat(DoubleStream.of(path).sum())
                    .isCloseTo(DoubleStream.of(exact).sum(), within(1e-9));
            assertThat(path[0]).isNotCloseTo(exact[0], within(1e-6));
        }
    }

    @ParameterizedTest
    @EnumSource(Calibration.class)
    void weightsMultiplyTheLosses(Calibration calibration) {
        List<String> mimic = List.of("text.block.mlp2.weight");
        for (ContrastiveScore score : ContrastiveScore.values()) {
            try (Towers towers = new Towers(Kind.SIGMOID, ScalarType.Double, 3);
                    RecordingLayers layers = RecordingLayers.builder(towers.parameters)
                            .mimic(mimic)
                            .reference(towers.references)
                            .training(false)
                            .build()) {
                layers.contrastive(score);
                try (MimicSteps steps = MimicSteps.builder(layers)
                        .weighting(Weighting.normedProj(0.1))
                        .calibration(calibration)
                        .build()) {
                    MimicStep step = steps.step(towers.batch(layers));
                    step.backward();
                    Map<String, Tensor> found = new LinkedHashMap<>();
                    towers.live.forEach(
                            (name, tensor) -> found.put(name, tensor.grad().clone()));
                    for (String name : towers.names) {
                        towers.live.forEach((n, tensor) -> tensor.mutable_grad().put(new Tensor()));
                        Tensor losses = towers.batch(new PlainLayers(towers.parameters, false))
                                .losses();
                        boolean weighted = calibration == Calibration.ALL || mimic.contains(name);
                        Tensor weights = step.weights().to(ScalarType.Double);
                        (weighted ? losses.mul(weights).sum() : losses.mean()).backward();
                        assertThat(torch.allclose(
                                        found.get(name), towers.live.get(name).grad(), 1e-9, 1e-12, false))
                                .as("%s, %s", score, name)
                                .isTrue();
                    }
                }
            }
        }
    }

    /** All losses depend on one sample's features: it is the one that is named, and the step is skipped. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void aSampleThatMakesTheOthersNonFiniteIsNamed(Kind kind) {
        List<String> mimic = List.of("image.head.weight");
        for (ContrastiveScore score : ContrastiveScore.values()) {
            try (Towers towers = new Towers(kind, ScalarType.Float, 5);
                    RecordingLayers layers = RecordingLayers.builder(towers.parameters)
                            .mimic(mimic)
                            .reference(towers.references)
                            .training(false)
                            .build()) {
                assertThat(towers.batch(new PlainLayers(towers.parameters, false))
                                .invalidFeatures())
                        .isEmpty();
                towers.images.select(0, 3).select(0, 1).fill_(new Scalar(Double.NaN));
                List<Float> weights = new ArrayList<>();
                layers.contrastive(score);
                try (ScoreTable table = new ScoreTable(9, (e, s, ids, scores, weight, loss, n) -> {
                            for (int i = 0; i < n; i++) weights.add(weight[i]);
                        });
                        MimicSteps steps = MimicSteps.builder(layers)
                                .weighting(Weighting.normedProj(1))
                                .calibration(Calibration.ALL)
                                .table(table)
                                .build()) {
                    MimicStep step = steps.step(towers.batch(layers), Tensors.of(new long[] {4, 5, 6, 7, 8}, 5));
                    assertThat(step.skipped()).isTrue();
                    assertThat(step.nonFiniteIds()).containsExactly(7L);
                    assertThat(step.layerScores().losses()).containsOnly(Double.NaN);
                    step.backward();
                    towers.live.forEach((name, tensor) ->
                            assertThat(tensor.grad().defined()).as(name).isFalse());
                    table.drain();
                    assertThat(weights).hasSize(5).containsOnly(0f);

                    towers.images.fill_(new Scalar(Double.NaN));
                    assertThatThrownBy(() -> steps.step(towers.batch(layers), null))
                            .isInstanceOf(NonFiniteException.class)
                            .hasMessageContaining("none of the 5 samples");
                }
            }
        }
    }

    /** Features of either tower, not finite or without a direction. */
    @Test
    void brokenFeatures() {
        Tensor image = torch.randn(4, 3);
        Tensor text = torch.randn(4, 3);
        Tensor one = torch.ones(1);
        assertThat(ContrastiveBatch.clip(image, text, one).invalidFeatures()).isEmpty();
        image.select(0, 1).zero_();
        text.select(0, 3).select(0, 2).fill_(new Scalar(Double.POSITIVE_INFINITY));
        assertThat(ContrastiveBatch.clip(image, text, one).invalidFeatures()).containsExactly(1, 3);
        assertThat(ContrastiveBatch.clip(image.narrow(0, 0, 0), text.narrow(0, 0, 0), one)
                        .invalidFeatures())
                .isEmpty();
    }

    @Test
    void parametersWithoutAnExactScoreAreRefused() {
        try (Towers towers = new Towers(Kind.SOFTMAX, ScalarType.Float, 3);
                RecordingLayers layers = RecordingLayers.builder(towers.parameters)
                        .mimic("scale")
                        .reference(towers.references)
                        .training(false)
                        .build()) {
            assertThatThrownBy(() -> layers.score(towers.batch(layers)))
                    .hasMessageContaining("before the forward pass");
            layers.forget();
            layers.contrastive(ContrastiveScore.PATH);
            assertThatThrownBy(() -> layers.score(towers.batch(layers)))
                    .hasMessageContaining("scale")
                    .hasMessageContaining("only exact contrastive scores");
            try (MimicSteps steps = MimicSteps.builder(layers)
                    .weighting(Weighting.cos())
                    .calibration(Calibration.ALL)
                    .build()) {
                assertThatThrownBy(() -> steps.step(towers.batch(layers), null))
                        .hasMessageContaining("weighting cos")
                        .hasMessageContaining("norms");
            }
        }
    }
}
