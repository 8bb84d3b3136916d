package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class NativeMemoryTest {
    /** What ten thousand steps may leave: less than one byte in a thousand of what they pass through memory. */
    private static final long ALLOWED_BYTES = 8L << 20;

    @Test
    void tenThousandStepsHoldMemoryConstant() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/statm")), "resident size is read from /proc");
        try (PointerScope scope = new PointerScope()) {
            LinearImpl linear = new LinearImpl(64, 10);
            Tensor reference = torch.randn(10, 64);
            Tensor backbone = torch.randn(64, 64);
            backbone.set_requires_grad(true);
            try (ScoreTable table = new ScoreTable(1000, (e, s, ids, score, weight, loss, n) -> {});
                    MimicHead head = new MimicHead(
                            linear.weight(),
                            linear.bias(),
                            DirectionSource.reference(reference),
                            Weighting.normedCos(1),
                            Calibration.LAYER,
                            table)) {
                AdamW optimizer =
                        new AdamW(new TensorVector(linear.weight(), linear.bias(), backbone), new AdamWOptions(1e-3));
                steps(head, optimizer, backbone, 2000);
                long before = residentBytes();
                steps(head, optimizer, backbone, 10_000);
                assertThat(residentBytes() - before)
                        .as("growth of the resident size")
                        .isLessThan(ALLOWED_BYTES);
            }
        }
    }

    private static void steps(MimicHead head, AdamW optimizer, Tensor backbone, int count) {
        for (int k = 0; k < count; k++) {
            try (PointerScope scope = new PointerScope()) {
                int rows = k % 3 == 0 ? 17 : 32;
                Tensor features = torch.mm(torch.randn(rows, 64), backbone);
                Tensor labels = torch.randint(0, 10, new long[] {rows}).to(torch.ScalarType.Long);
                optimizer.zero_grad();
                head.step(new HeadBatch(features, labels)).backward();
                optimizer.step();
            }
        }
        System.gc();
    }

    private static long residentBytes() throws IOException {
        return 4096
                * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    }
}
