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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NativeMemoryTest {
    private static final int SAMPLES = 200;
    private static final int WIDTH = 64;
    private static final int CLASSES = 10;
    private static final int ROUNDS = 4;
    private static final int STEPS = 5_000;

    /** What a round may leave: 100 bytes a step, less than any tensor of a step has. */
    private static final long ALLOWED_BYTES = 100L * STEPS;

    /** Kinds of training step. */
    enum Kind {
        /** Features from a layer below, which gets its gradient. */
        THROUGH,
        /** Frozen features selected by index, cached reference logits and norms. */
        PROBE,
        /** A second batch of the frozen features gives the direction. */
        COMPARISON
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void stepsHoldMemoryConstant(Kind kind) throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/statm")), "resident size is read from /proc");
        try (PointerScope scope = new PointerScope()) {
            LinearImpl linear = new LinearImpl(WIDTH, CLASSES);
            Tensor reference = torch.randn(CLASSES, WIDTH);
            Data data = new Data(reference);
            try (ScoreTable table = new ScoreTable(1000, (e, s, ids, score, weight, loss, n) -> {});
                    MimicHead head = MimicHead.builder(linear)
                            .direction(
                                    kind == Kind.COMPARISON
                                            ? DirectionSource.comparison(data::some)
                                            : DirectionSource.reference(reference))
                            .weighting(kind == Kind.COMPARISON ? Weighting.agra() : Weighting.normedCos(1))
                            .table(table)
                            .build()) {
                AdamW optimizer = new AdamW(
                        new TensorVector(linear.weight(), linear.bias(), data.backbone), new AdamWOptions(1e-3));
                steps(kind, head, optimizer, data, STEPS);
                // The Java heap grows in some rounds, a leak in all of them.
                long least = Long.MAX_VALUE;
                for (int round = 0; round < ROUNDS && least >= ALLOWED_BYTES; round++) {
                    long before = residentBytes();
                    steps(kind, head, optimizer, data, STEPS);
                    least = Math.min(least, residentBytes() - before);
                }
                assertThat(least).as("growth of the resident size").isLessThan(ALLOWED_BYTES);
            }
        }
    }

    private static final class Data {
        final Tensor features = torch.randn(SAMPLES, WIDTH);
        final Tensor labels = torch.randint(0, CLASSES, new long[] {SAMPLES}).to(torch.ScalarType.Long);
        final Tensor backbone = torch.randn(WIDTH, WIDTH);
        final Tensor referenceLogits;
        final Tensor norms = Tensors.rowNormsSquared(features);
        private int drawn;

        Data(Tensor reference) {
            backbone.set_requires_grad(true);
            referenceLogits = torch.mm(features, reference.t());
        }

        Tensor ids() {
            return torch.randint(0, SAMPLES, new long[] {drawn++ % 3 == 0 ? 17 : 32})
                    .to(torch.ScalarType.Long);
        }

        HeadBatch some() {
            Tensor ids = ids();
            return new HeadBatch(select(features, ids), select(labels, ids)).withIds(ids);
        }

        HeadBatch batch(Kind kind) {
            Tensor ids = ids();
            Tensor h = select(features, ids);
            Tensor y = select(labels, ids);
            return switch (kind) {
                case THROUGH -> new HeadBatch(torch.mm(h, backbone), y);
                case PROBE ->
                    new HeadBatch(h, y)
                            .withIds(ids)
                            .withReferenceLogits(select(referenceLogits, ids))
                            .withFeatureNormsSquared(select(norms, ids));
                case COMPARISON -> new HeadBatch(h, y).withIds(ids);
            };
        }

        private static Tensor select(Tensor all, Tensor ids) {
            return torch.index_select(all, 0, ids);
        }
    }

    private static void steps(Kind kind, MimicHead head, AdamW optimizer, Data data, int count) {
        for (int k = 0; k < count; k++) {
            try (PointerScope scope = new PointerScope()) {
                optimizer.zero_grad();
                head.step(data.batch(kind)).backward();
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
