package org.gradmimic.train;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Direction;
import org.gradmimic.MimicHead;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/**
 * Accuracies and losses of a head, computed in blocks so that the logits of a large set are never in memory all
 * together.
 */
final class Evaluation {
    private static final long BLOCK = 8192;

    private Evaluation() {}

    /** The number of correct predictions and the sum of losses for one set of labels. */
    private record Tally(long correct, double loss, long count) {
        double accuracy() {
            return count == 0 ? Double.NaN : (double) correct / count;
        }

        double meanLoss() {
            return count == 0 ? Double.NaN : loss / count;
        }
    }

    static EpochMetrics of(
            ProbeData data, MimicHead head, int epoch, List<Double> losses, List<Long> nonFinite, double seconds) {
        Tally noisy = tally(head, data.features(), data.labels());
        Tally clean = tally(head, data.features(), data.get(ProbeInput.TRUE_LABELS));
        Tally test = tally(head, data.get(ProbeInput.TEST_FEATURES), data.get(ProbeInput.TEST_LABELS));
        Direction direction = head.direction();
        return new EpochMetrics(
                epoch,
                losses.stream().mapToDouble(x -> x).average().orElse(Double.NaN),
                List.copyOf(losses),
                noisy.accuracy(),
                clean.accuracy(),
                test.accuracy(),
                test.meanLoss(),
                direction == null ? Double.NaN : Math.sqrt(direction.normSquared()),
                List.copyOf(nonFinite),
                seconds);
    }

    private static Tally tally(MimicHead head, @Nullable Tensor features, @Nullable Tensor labels) {
        if (features == null || labels == null) return new Tally(0, 0, 0);
        long correct = 0;
        double loss = 0;
        long rows = features.size(0);
        try (NoGradGuard noGrad = new NoGradGuard()) {
            for (long from = 0; from < rows; from += BLOCK) {
                try (PointerScope scope = new PointerScope()) {
                    long count = Math.min(BLOCK, rows - from);
                    Tensor y = labels.narrow(0, from, count);
                    Tensor logits = torch.addmm(
                            head.bias(),
                            features.narrow(0, from, count),
                            head.weight().t());
                    var largest = torch.max(logits, 1, false);
                    // max treats NaN as the largest value: the prediction for a sample without finite logits counts as
                    // wrong.
                    correct += Host.integer(largest.get1()
                            .eq(y)
                            .logical_and_(largest.get0().isfinite())
                            .sum());
                    loss += Host.number(torch.cross_entropy(logits, y)) * count;
                }
            }
        }
        return new Tally(correct, loss, rows);
    }
}
