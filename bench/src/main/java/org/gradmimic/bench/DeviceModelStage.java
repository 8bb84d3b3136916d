package org.gradmimic.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.gradmimic.Calibration;
import org.gradmimic.base.OutOfMemoryException;
import org.gradmimic.bench.Measurement.Target;
import org.gradmimic.bench.ModelSteps.Mimic;
import org.gradmimic.bench.ModelSteps.Setup;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.NativeLibrary;

/**
 * Steps of ViT-B/16 on a device: with only the head trained and with every parameter, in each precision, against plain steps of
 * the same; time, and the peak of the device's memory. What does not fit in memory or in the time there is, is left out by name.
 */
final class DeviceModelStage {
    private static final String PLAIN = "plain";
    /** The gradients of every sample by torch.func, and torch's plain step; named as bench/peers/per_sample.py has them. */
    private static final String PEER = "torchFunc";

    private static final String PEER_PLAIN = "torchPlain";

    /** So many pairs are asked for. */
    private static final int ROUNDS = 31;

    private static final int MEMORY_STEPS = 3;

    /** Nothing new is begun after so long: the stage has ten minutes. */
    private static final double SECONDS = 420;

    private final Bench.Options options;
    private final Device device;
    private final Consumer<Measurement> sink;
    private final Consumer<String> skipped;
    private final long begin = System.nanoTime();

    /** A mimic layer with a calibration, and the limits of its time and memory in plain steps. */
    private record Case(String name, Mimic mimic, Calibration calibration, double time, double memory) {}

    private static final Case[] PROBING = {new Case("head", Mimic.HEAD, Calibration.ALL, 1.02, 1.02)};

    private static final Case[] TUNING = {
        new Case("headLayer", Mimic.HEAD, Calibration.LAYER, 1.02, 1.02),
        new Case("headAll", Mimic.HEAD, Calibration.ALL, 1.02, 1.02),
        new Case("lastAll", Mimic.LAST, Calibration.ALL, 1.10, 1.1),
        new Case("allLayers", Mimic.ALL, Calibration.ALL, 1.45, 1.5)
    };

    DeviceModelStage(Bench.Options options, Device device, Consumer<Measurement> sink, Consumer<String> skipped) {
        this.options = options;
        this.device = device;
        this.sink = sink;
        this.skipped = skipped;
    }

    void run() {
        WarmUp.steps(device, 5 * options.settings().warmupSeconds());
        for (Precision precision : new Precision[] {Precision.BF16, Precision.F32, Precision.TF32}) {
            if (precision == Precision.TF32 && device.kind() == Device.Kind.CPU) continue;
            precision.use();
            for (int batch : options.batches()) {
                for (boolean headOnly : new boolean[] {true, false}) {
                    run(new Setup(ModelSteps.Kind.VIT_B_16, device, options.side(), batch, headOnly, precision));
                }
            }
        }
    }

    private void run(Setup setup) {
        String name = parameters(setup).toString();
        if ((System.nanoTime() - begin) * 1e-9 > SECONDS) {
            skipped.accept(name + ": the time is up");
            return;
        }
        try {
            times(setup, setup.headOnly() ? PROBING : TUNING);
            if (device.kind() == Device.Kind.CUDA) memory(setup, setup.headOnly() ? PROBING : TUNING);
        } catch (RuntimeException e) {
            RuntimeException typed = CudaFailure.typed(name, e);
            if (!(typed instanceof OutOfMemoryException)) throw typed;
            skipped.accept(name + ": does not fit in memory");
        }
    }

    private static Map<String, Object> parameters(Setup setup) {
        return Stage.parameters(
                "model",
                setup.kind().label(),
                "side",
                setup.side(),
                "B",
                setup.batch(),
                "trained",
                setup.headOnly() ? "head" : "all",
                "precision",
                setup.precision().label());
    }

    private void times(Setup setup, Case[] cases) {
        PairedRunner.Settings settings = options.settings();
        PairedRunner runner = new PairedRunner(settings.withRounds(Math.min(settings.rounds(), ROUNDS)), device);
        List<ModelSteps.Mimicking> mimicking = new ArrayList<>();
        try (ModelSteps steps = new ModelSteps(setup)) {
            runner.add(PLAIN, steps::plain);
            for (Case one : cases) {
                ModelSteps.Mimicking mimic = steps.new Mimicking(one.mimic(), one.calibration());
                mimicking.add(mimic);
                runner.add(one.name(), mimic::step);
            }
            // The gradients of every sample are of all parameters; a head's alone are no work.
            try (Peer peer = setup.headOnly() ? null : peer(setup)) {
                if (peer != null) {
                    runner.with(peer.handle())
                            .add(PEER, () -> peer.step(PEER))
                            .add(PEER_PLAIN, () -> peer.step(PEER_PLAIN));
                }
                PairedRunner.Times times = runner.run();
                for (Case one : cases) {
                    sink.accept(Measurement.timeRatio(
                            times, one.name(), PLAIN, parameters(setup), Target.atMost(one.time())));
                }
                if (peer == null) return;
                Map<String, Object> against = new LinkedHashMap<>(parameters(setup));
                against.put("torch", peer.version());
                sink.accept(Measurement.timeRatio(times, PEER, PLAIN, against, null));
                sink.accept(Measurement.timeRatio(times, PEER_PLAIN, PLAIN, against, null));
                for (Case one : cases) {
                    sink.accept(Measurement.timeRatio(times, PEER, one.name(), against, Target.atLeast(2)));
                }
            } finally {
                mimicking.forEach(ModelSteps.Mimicking::close);
            }
        }
    }

    private static @org.jspecify.annotations.Nullable Peer peer(Setup setup) {
        Device device = setup.device();
        return Peer.start(
                "per_sample.py",
                setup.kind().label(),
                String.valueOf(setup.side()),
                String.valueOf(setup.batch()),
                String.valueOf(NativeLibrary.cpuThreads()),
                device.toString(),
                setup.precision().label());
    }

    private void memory(Setup setup, Case[] cases) {
        double plain = peak(setup, steps -> {
            for (int i = 0; i < MEMORY_STEPS; i++) steps.plain();
            return device.memory().peakBytes();
        });
        for (Case one : cases) {
            double bytes = peak(setup, steps -> {
                try (ModelSteps.Mimicking mimicking = steps.new Mimicking(one.mimic(), one.calibration())) {
                    for (int i = 0; i < MEMORY_STEPS; i++) mimicking.step();
                    return device.memory().peakBytes();
                }
            });
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("peak_bytes", bytes);
            details.put("base_peak_bytes", plain);
            Interval ratio = new Interval(bytes / plain, bytes / plain, bytes / plain);
            sink.accept(new Measurement(
                    one.name(),
                    parameters(setup),
                    PLAIN,
                    "peak memory",
                    ratio,
                    Target.atMost(one.memory()),
                    1,
                    details));
        }
    }

    /** The most bytes that tensors of the device take while one kind of step is made, parameters and references included. */
    private double peak(Setup setup, ToLongFunction<ModelSteps> steps) {
        long before = device.memory().allocatedBytes();
        device.resetPeakMemory();
        try (ModelSteps made = new ModelSteps(setup)) {
            return steps.applyAsLong(made) - before;
        }
    }
}
