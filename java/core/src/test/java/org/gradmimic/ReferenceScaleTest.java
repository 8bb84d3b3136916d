package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** V = c · θ_ref − θ against one gradient per sample, in double precision. */
@ExtendWith(OwnScope.class)
class ReferenceScaleTest {
    /** Single precision against double: as in MimicHeadTest, relative to the largest score. */
    private static final double TOLERANCE = 2e-5;

    private static final int CLASSES = 7;
    private static final int WIDTH = 19;
    private static final int ROWS = 23;

    private final LinearImpl linear;
    private final Tensor reference;
    private final Tensor features;
    private final Tensor labels;

    ReferenceScaleTest() {
        torch.manual_seed(5);
        linear = new LinearImpl(WIDTH, CLASSES);
        reference = torch.randn(CLASSES, WIDTH);
        features = torch.randn(ROWS, WIDTH);
        labels = torch.randint(0, CLASSES, new long[] {ROWS}).to(torch.ScalarType.Long);
    }

    private double[] expected(double scale) {
        PerSample oracle = new PerSample(features, labels, linear.weight(), linear.bias());
        double[] theirs = PerSample.doubles(reference);
        double[] ours = PerSample.doubles(linear.weight());
        double[] v = new double[theirs.length];
        for (int i = 0; i < v.length; i++) v[i] = scale * theirs[i] - ours[i];
        double norm = Math.sqrt(PerSample.dot(v, v));
        double[] scores = new double[ROWS];
        for (int i = 0; i < ROWS; i++) scores[i] = -PerSample.dot(oracle.weightGradient[i], v) / norm;
        return scores;
    }

    private static void assertClose(Tensor actual, double[] expected) {
        double[] found = PerSample.doubles(actual);
        double largest = 0;
        for (double x : expected) largest = Math.max(largest, Math.abs(x));
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("score %d", i).isCloseTo(expected[i], within(TOLERANCE * largest));
        }
    }

    private MimicHead head(double scale) {
        return MimicHead.builder(linear)
                .direction(DirectionSource.reference(reference, scale))
                .weighting(Weighting.normedProj(0.5))
                .build();
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 1.5, 8, 1000})
    void scoresPointAheadOfTheReference(double scale) {
        double[] expected = expected(scale);
        double[] before = PerSample.doubles(reference);
        try (MimicHead head = head(scale)) {
            assertClose(head.step(new HeadBatch(features, labels)).scores(), expected);
            Tensor logits = torch.mm(features, reference.t()).mul(new Scalar(scale));
            HeadBatch cached = new HeadBatch(features, labels).withReferenceLogits(logits);
            assertClose(head.step(cached).scores(), expected);
        }
        assertThat(PerSample.doubles(reference)).as("the reference").isEqualTo(before);
    }

    @Test
    void aHeadThatHasOvertakenItsReferenceTurnsItsScoresAround() {
        try (NoGradGuard noGrad = new NoGradGuard()) {
            linear.weight().copy_(reference.mul(new Scalar(3)));
        }
        double[] behind = expected(1);
        double[] ahead = expected(8);
        for (int i = 0; i < ROWS; i++) assertThat(behind[i]).isCloseTo(-ahead[i], within(1e-6 * Math.abs(ahead[i])));
        try (MimicHead head = head(8)) {
            assertClose(head.step(new HeadBatch(features, labels)).scores(), ahead);
        }
    }

    @Test
    void scalesBelowOneAreRefused() {
        for (double scale : List.of(0.5, 0.0, -1.0, Double.NaN, Double.POSITIVE_INFINITY)) {
            assertThatThrownBy(() -> DirectionSource.reference(reference, scale))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("the reference scale is " + scale);
        }
    }
}
