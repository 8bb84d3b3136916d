package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.Device;
import org.gradmimic.device.TestDevice;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.junit.jupiter.api.Test;

class ProductScorerTest {
    private static final int ROWS = 11;
    private static final int CLASSES = 5;

    /** Some roundings of a float in sums of a dozen products, all of them below 10. */
    private static final float TOLERANCE = 1e-4f;

    @Test
    void theSizeOfItsPartsDoesNotMatter() {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(3);
            Device device = TestDevice.asynchronousCpu();
            Tensor weight = torch.randn(CLASSES, 7);
            Tensor bias = torch.randn(CLASSES);
            Tensor features = torch.randn(ROWS, 7);
            Tensor labels = torch.randint(0, CLASSES, new long[] {ROWS}).to(torch.ScalarType.Long);
            try (Direction direction = Direction.toward(List.of(torch.randn(CLASSES, 7)), List.of(weight));
                    DeviceQueue queue = new DeviceQueue(device)) {
                direction.refresh();
                float[][] found = new float[3][];
                long[] parts = {1, 4 * 2 * CLASSES, 100 * 2 * CLASSES}; // one row, four rows, all rows at a time
                for (int n = 0; n < parts.length; n++) {
                    try (ProductScorer scorer = new ProductScorer(device, queue, weight, bias, direction, parts[n]);
                            DeviceArray<FloatPointer> results = DeviceArray.floats(device, 3L * ROWS)) {
                        scorer.score(features, labels, results);
                        found[n] = results.floats(0, 3 * ROWS);
                    }
                }
                for (int i = 0; i < 3 * ROWS; i++) {
                    assertThat(found[0][i]).as("[%d]", i).isCloseTo(found[2][i], within(TOLERANCE));
                    assertThat(found[1][i]).as("[%d]", i).isCloseTo(found[2][i], within(TOLERANCE));
                }
                assertThat(found[2]).doesNotContain(0f);
            }
        }
    }
}
