package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.OwnScope;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.layer.SmallModels.Twin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** V = c·θ_ref − θ, and V = θ_ref, against one autograd pass for each sample. */
@ExtendWith(OwnScope.class)
class ReferenceScaleTest {
    private static final int ROWS = 3;

    private static void compare(SmallProblem p, List<String> mimic, LayerScores found, Map<String, Tensor> ahead) {
        double[] dots = p.twin.dots(p.live, ahead, mimic);
        double distance = Twin.distance(p.live, ahead, mimic);
        assertThat(found.directionNorms()[0]).isCloseTo(distance, within(1e-9 * distance));
        double size = 0;
        for (double dot : dots) size = Math.max(size, Math.abs(dot / distance));
        for (int i = 0; i < ROWS; i++) {
            assertThat(found.scores()[0][i])
                    .as("%s [%d]", mimic, i)
                    .isCloseTo(-dots[i] / distance, within(1e-9 * size));
        }
    }

    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void scoresPointTowardTheScaledReference(SmallModels model) {
        try (SmallProblem p = new SmallProblem(model, ScalarType.Double, ROWS)) {
            List<String> all = p.trained();
            for (List<String> mimic : List.of(all, List.of(all.get(0)))) {
                for (double c : new double[] {1, 3.5}) {
                    Map<String, Tensor> ahead = new HashMap<>();
                    for (String name : all)
                        ahead.put(name, p.reference.get(name).mul(new Scalar(c)));
                    try (RecordingLayers layers = RecordingLayers.builder(p.parameters)
                            .mimic(mimic)
                            .reference(p.references)
                            .referenceScale(c)
                            .training(false)
                            .build()) {
                        compare(p, mimic, layers.score(p.losses(layers), false), ahead);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void aFixedDirectionIsTheReferenceItself(SmallModels model) {
        try (SmallProblem p = new SmallProblem(model, ScalarType.Double, ROWS)) {
            List<String> mimic = p.trained();
            // The twin takes the difference of two models: this one lies in the reference's direction from here.
            Map<String, Tensor> there = new HashMap<>();
            for (String name : mimic) {
                there.put(
                        name,
                        torch.add(
                                p.live.get(name).detach(), p.reference.get(name).detach()));
            }
            try (RecordingLayers layers = RecordingLayers.builder(p.parameters)
                    .mimic(mimic)
                    .reference(p.references)
                    .fixedDirection()
                    .training(false)
                    .build()) {
                compare(p, mimic, layers.score(p.losses(layers), false), there);
            }
        }
    }

    @Test
    void refusesAScaleBelowOne() {
        try (SmallProblem p = new SmallProblem(SmallModels.VISION, ScalarType.Double, ROWS)) {
            for (double c : new double[] {0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
                assertThatThrownBy(() -> RecordingLayers.builder(p.parameters).referenceScale(c))
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining("reference scale");
            }
        }
    }
}
