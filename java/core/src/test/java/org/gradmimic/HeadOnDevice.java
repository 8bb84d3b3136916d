package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceCounters;
import org.gradmimic.device.Host;
import org.gradmimic.device.TestDevice;

/** Steps of a head on some device, to be compared with the same ones on the CPU, with what the steps made the device wait for. */
final class HeadOnDevice {
    /**
     * A random head and batch; the seed tells everything.
     *
     * @param precision of the features' numbers
     * @param mixed they come in that type, to a head under autocast; else in float, without
     */
    record Problem(
            long seed,
            Weighting.Kind kind,
            Calibration calibration,
            boolean damaged,
            ScalarType precision,
            boolean mixed) {
        Problem(long seed, Weighting.Kind kind, Calibration calibration, boolean damaged) {
            this(seed, kind, calibration, damaged, ScalarType.Float, false);
        }

        Problem in(ScalarType precision, boolean mixed) {
            return new Problem(seed, kind, calibration, damaged, precision, mixed);
        }

        Tensor features(Device device, Tensor onCpu) {
            Tensor rounded = device.move(onCpu).to(precision);
            return mixed ? rounded : rounded.to(ScalarType.Float);
        }

        int rows() {
            return new int[] {1, 3, 32, 37, 257}[(int) (seed % 5)];
        }

        int classes() {
            return new int[] {2, 10, 33}[(int) (seed % 3)];
        }

        int width() {
            return new int[] {5, 16, 130}[(int) (seed / 3 % 3)];
        }
    }

    /**
     * All that two steps with their backward passes give.
     *
     * @param table ids, scores, weights and losses as the table was drained
     * @param gradients of weight, bias and features
     * @param waits reads, writes and waits of the second step
     * @param allocations of the second step
     */
    record Outcome(List<float[]> table, List<float[]> gradients, long waits, long allocations) {}

    private HeadOnDevice() {}

    private static long waits() {
        return DeviceCounters.hostReads() + DeviceCounters.hostWrites() + DeviceCounters.waits();
    }

    private static Tensor leaf(Device device, Tensor onCpu) {
        return device.move(onCpu).clone().set_requires_grad(true);
    }

    private static void step(Device device, MimicHead head, HeadBatch batch, Problem p) {
        try (Autocast forward = p.mixed() ? Autocast.to(device, p.precision()) : Autocast.off(device)) {
            head.step(batch).backward();
        }
    }

    static Outcome run(Device device, Problem p) {
        List<float[]> table = new ArrayList<>();
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(p.seed());
            Tensor weight = leaf(device, torch.randn(p.classes(), p.width()));
            Tensor bias = leaf(device, torch.randn(p.classes()));
            Tensor reference = device.move(torch.randn(p.classes(), p.width()));
            Tensor features = torch.randn(p.rows(), p.width());
            if (p.damaged()) {
                features.select(0, 0).fill_(new Scalar(Double.NaN));
                features.select(0, p.rows() - 1).select(0, 0).fill_(new Scalar(Double.POSITIVE_INFINITY));
            }
            Tensor h = leaf(device, p.features(device, features));
            Tensor labels = device.move(
                    torch.randint(0, p.classes(), new long[] {p.rows()}).to(ScalarType.Long));
            Tensor ids = device.move(torch.arange(new Scalar(p.rows())).to(ScalarType.Long))
                    .add(new Scalar(100));
            Tensor loss = device.move(torch.rand(p.rows()));
            HeadBatch batch = new HeadBatch(h, labels).withIds(ids).withReferenceLoss(loss);
            HeadBatch other = new HeadBatch(
                    p.features(device, torch.randn(7, p.width())),
                    device.move(torch.randint(0, p.classes(), new long[] {7}).to(ScalarType.Long)));
            DirectionSource source = switch (p.kind()) {
                case UNIFORM, GRAND, RHO -> DirectionSource.none();
                case AGRA -> DirectionSource.comparison(() -> other);
                case OPT -> DirectionSource.ownMean();
                default -> DirectionSource.reference(reference);
            };
            try (ScoreTable kept = new ScoreTable(device, 2 * p.rows(), (e, s, i, score, w, l, n) -> {
                        for (int k = 0; k < n; k++) table.add(new float[] {s, i[k], score[k], w[k], l[k]});
                    });
                    MimicHead head = TestDevice.on(
                            device,
                            () -> MimicHead.builder(weight)
                                    .bias(bias)
                                    .direction(source)
                                    .weighting(new Weighting(p.kind(), 0.7, 0, false))
                                    .calibration(p.calibration())
                                    .table(kept)
                                    .build())) {
                step(device, head, batch, p);
                long waits = waits();
                long allocations = DeviceCounters.allocations();
                step(device, head, batch, p);
                waits = waits() - waits;
                allocations = DeviceCounters.allocations() - allocations;
                kept.drain();
                Tensor back = h.grad().to(p.precision()); // what a backbone of that type gets
                List<float[]> gradients =
                        List.of(Host.floats(weight.grad()), Host.floats(bias.grad()), Host.floats(back));
                return new Outcome(table, gradients, waits, allocations);
            }
        }
    }

    /** Within {@code tolerance} of the largest expected number of its list; NaN where NaN is expected, and nowhere else. */
    static void assertSame(Outcome actual, Outcome expected, double tolerance, Problem p) {
        assertThat(actual.table()).as("%s", p).hasSameSizeAs(expected.table());
        for (int i = 0; i < actual.table().size(); i++) {
            assertSame(actual.table().get(i), expected.table().get(i), tolerance, p + " row " + i);
        }
        for (int i = 0; i < actual.gradients().size(); i++) {
            assertSame(actual.gradients().get(i), expected.gradients().get(i), tolerance, p + " gradient " + i);
        }
    }

    private static void assertSame(float[] actual, float[] expected, double tolerance, String what) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        double largest = 1e-3;
        for (float x : expected) if (Float.isFinite(x)) largest = Math.max(largest, Math.abs(x));
        for (int i = 0; i < actual.length; i++) {
            boolean same = Float.isNaN(expected[i])
                    ? Float.isNaN(actual[i])
                    : actual[i] == expected[i] || Math.abs((double) actual[i] - expected[i]) <= tolerance * largest;
            assertThat(same)
                    .as("%s [%d]: %s, expected %s", what, i, actual[i], expected[i])
                    .isTrue();
        }
    }
}
