package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.TestDevice;

/** A {@link HeadScorer} on some device against one on the CPU. */
final class ScorerOnDevice {
    private static final int[] BLOCKS = {1, 37, 100, 8};
    private static final int CLASSES = 10;
    private static final int WIDTH = 19;

    private ScorerOnDevice() {}

    /** @param tolerance relative to the largest of a block's scores, norms or losses */
    static void compare(Device device, ScalarType type, double tolerance) {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(1);
            Tensor weight = torch.randn(CLASSES, WIDTH);
            Tensor bias = torch.randn(CLASSES);
            Tensor reference = torch.randn(CLASSES, WIDTH);
            try (HeadScorer slow = HeadScorer.builder(weight)
                            .bias(bias)
                            .reference(reference)
                            .build();
                    HeadScorer fast = TestDevice.on(
                            device,
                            () -> HeadScorer.builder(device.move(weight))
                                    .bias(device.move(bias))
                                    .reference(device.move(reference))
                                    .build())) {
                for (int rows : BLOCKS) {
                    Tensor features = torch.randn(rows, WIDTH);
                    if (rows > 1) features.select(0, rows - 1).fill_(new Scalar(Double.NaN));
                    Tensor typed = features.to(type);
                    Tensor labels = torch.randint(0, CLASSES, new long[] {rows}).to(ScalarType.Long);
                    float[][] expected = score(slow, typed, labels, rows);
                    long reads = DeviceCounters.hostReads();
                    float[][] found = score(fast, typed, labels, rows);
                    // One block of numbers.
                    assertThat(DeviceCounters.hostReads() - reads).isEqualTo(1);
                    for (int k = 0; k < expected.length; k++) assertClose(found[k], expected[k], tolerance);
                }
            }
        }
    }

    private static float[][] score(HeadScorer scorer, Tensor features, Tensor labels, int rows) {
        try (HeadScores found =
                HeadScores.builder(rows).gradientNorms().losses().build()) {
            assertThat(scorer.score(features, labels, found)).isEqualTo(rows > 1 ? 1 : 0);
            return new float[][] {found.scores(), found.gradientNorms(), found.losses()};
        }
    }

    private static void assertClose(float[] found, float[] expected, double tolerance) {
        double largest = 0;
        for (float x : expected) if (Float.isFinite(x)) largest = Math.max(largest, Math.abs(x));
        for (int i = 0; i < expected.length; i++) {
            boolean same = Float.isNaN(expected[i])
                    ? Float.isNaN(found[i])
                    : Math.abs((double) found[i] - expected[i]) <= tolerance * largest;
            assertThat(same)
                    .as("[%d]: %s, expected %s", i, found[i], expected[i])
                    .isTrue();
        }
    }
}
