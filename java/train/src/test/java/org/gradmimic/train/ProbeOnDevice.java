package org.gradmimic.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.Weighting;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.TestDevice;

/** A probe's run on some device, to be compared with the same one on the CPU, with what its steps made the device wait for. */
public final class ProbeOnDevice {
    private static final int N = 90;
    private static final int D = 17;
    private static final int C = 4;

    /**
     * @param rows ids, scores, weights and losses as they were logged
     * @param metrics of the epochs
     * @param weight the trained head's
     * @param readsInSteps reads and waits between a step's end and the next one's, within an epoch
     */
    public record Outcome(List<float[]> rows, List<EpochMetrics> metrics, float[] weight, long readsInSteps) {}

    private ProbeOnDevice() {}

    private static long reads() {
        return DeviceCounters.hostReads() + DeviceCounters.waits();
    }

    private static final class Watcher implements ProbeListener {
        final List<float[]> rows = new ArrayList<>();
        private long before = -1;
        long reads;

        @Override
        public void accept(int epoch, long step, long[] ids, float[] s, float[] w, float[] l, int count) {
            for (int i = 0; i < count; i++) rows.add(new float[] {step, ids[i], s[i], w[i], l[i]});
        }

        @Override
        public void stepped(long steps, long totalSteps) {
            long now = reads();
            if (before >= 0) reads += now - before;
            before = now;
        }

        @Override
        public void epochFinished(EpochMetrics metrics) {
            before = -1;
        }
    }

    /** @param damaged two samples are not finite, for grand a third in its norm alone */
    public static Outcome run(Device device, Mode mode, Weighting.Kind score, int startingEpoch, boolean damaged) {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(3);
            Tensor features = torch.randn(N, D);
            if (damaged) {
                features.select(0, 7).fill_(new Scalar(Double.NaN));
                features.select(0, 30).select(0, 2).fill_(new Scalar(Double.POSITIVE_INFINITY));
                // Its square overflows, against weights of 0 its logits are finite: only grand can tell, and survives
                // it.
                if (mode == Mode.GRAND) features.select(0, 50).select(0, 0).fill_(new Scalar(1e30));
            }
            Tensor labels = torch.randint(0, C, new long[] {N}).to(torch.ScalarType.Long);
            Tensor initial = torch.randn(C, D);
            initial.select(1, 0).zero_();
            ProbeData data = ProbeData.builder()
                    .features(features)
                    .labels(labels)
                    .referenceWeight(torch.randn(C, D))
                    .referenceBias(torch.randn(C))
                    .initial(initial, torch.randn(C))
                    .trueLabels(labels)
                    .test(
                            torch.randn(20, D),
                            torch.randint(0, C, new long[] {20}).to(torch.ScalarType.Long))
                    .clean(torch.randn(8, D), Tensors.of(new long[] {0, 1, 2, 3, 0, 1, 2, 3}, 8))
                    .build();
            ProbeSettings settings = ProbeSettings.of(mode)
                    .score(score)
                    .temperature(0.5)
                    .learningRate(1e-3)
                    .batchSize(16)
                    .epochs(3)
                    .startingEpoch(startingEpoch)
                    .seed(11)
                    .build();
            Watcher watcher = new Watcher();
            ProbeResult result = TestDevice.on(device, () -> new Probe(device, data, settings, watcher).run());
            return new Outcome(watcher.rows, result.epochs(), result.weight(), watcher.reads);
        }
    }

    /** Numbers within {@code tolerance} of their size or of 1; NaN where NaN is expected, and nowhere else. */
    public static void assertSame(Outcome actual, Outcome expected, double tolerance, Object what) {
        assertThat(actual.rows()).as("%s", what).hasSameSizeAs(expected.rows());
        for (int i = 0; i < actual.rows().size(); i++) {
            assertSame(actual.rows().get(i), expected.rows().get(i), tolerance, what + " row " + i);
        }
        assertSame(actual.weight(), expected.weight(), tolerance, what + " weight");
        for (int e = 0; e < expected.metrics().size(); e++) {
            EpochMetrics a = actual.metrics().get(e);
            EpochMetrics b = expected.metrics().get(e);
            assertThat(a.nonFinite()).as("%s epoch %s", what, e).isEqualTo(b.nonFinite());
            assertSame(floats(a), floats(b), tolerance, what + " epoch " + e);
        }
    }

    private static float[] floats(EpochMetrics m) {
        float[] floats = new float[m.batchLosses().size() + 1];
        for (int i = 0; i + 1 < floats.length; i++)
            floats[i] = m.batchLosses().get(i).floatValue();
        floats[floats.length - 1] = (float) m.testLoss();
        return floats;
    }

    private static void assertSame(float[] actual, float[] expected, double tolerance, String what) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            boolean same = Float.isNaN(expected[i])
                    ? Float.isNaN(actual[i])
                    : actual[i] == expected[i]
                            || Math.abs((double) actual[i] - expected[i])
                                    <= tolerance * Math.max(1, Math.abs(expected[i]));
            assertThat(same)
                    .as("%s [%s]: %s, expected %s", what, i, actual[i], expected[i])
                    .isTrue();
        }
    }
}
