package org.gradmimic.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradmimic.Calibration;
import org.gradmimic.bench.Measurement.Target;
import org.gradmimic.bench.ModelSteps.Mimic;
import org.gradmimic.kernel.NativeLibrary;
import org.jspecify.annotations.Nullable;

/** What is measured of one model, and what is asked of it. */
final class ModelStage {
    private static final String PLAIN = "plain";
    private static final String PEER = "torchFunc";

    /** The same with a malloc that keeps freed memory: it then costs a system that gives pages slowly much less. */
    private static final String KEEPING_PEER = "torchFuncKeepingMemory";

    private static final Map<String, String> KEEPING =
            Map.of("MALLOC_TRIM_THRESHOLD_", "4294967296", "MALLOC_MMAP_THRESHOLD_", "4294967296");

    /** Fewer than elsewhere: a round of ViT-B/16 takes half a minute. */
    private static final int ROUNDS = 21;

    private static final int KEEPING_ROUNDS = 9;

    private ModelStage() {}

    /** A mimic layer with a calibration, and the limits of its time and memory in plain steps; NaN for none. */
    private record Case(String name, Mimic mimic, Calibration calibration, double time, double memory) {}

    private static Case[] cases(ModelSteps.Kind kind) {
        // What was asked: a ViT's and ResNet-18's heads, a ViT's last MLP layer, all layers.
        boolean vit = kind != ModelSteps.Kind.RESNET_18;
        return new Case[] {
            new Case("headLayer", Mimic.HEAD, Calibration.LAYER, 1.02, 1.1),
            new Case("headAll", Mimic.HEAD, Calibration.ALL, 1.02, 1.1),
            new Case("lastLayer", Mimic.LAST, Calibration.LAYER, vit ? 1.10 : Double.NaN, 1.1),
            new Case("lastAll", Mimic.LAST, Calibration.ALL, vit ? 1.10 : Double.NaN, 1.1),
            new Case("allLayers", Mimic.ALL, Calibration.ALL, 1.45, 1.5)
        };
    }

    static void run(ModelSteps.Kind kind, PairedRunner.Settings settings, Consumer<Measurement> sink) {
        Case[] cases = cases(kind);
        List<ModelSteps.Mimicking> mimicking = new ArrayList<>();
        try (ModelSteps steps = new ModelSteps(ModelSteps.Setup.cpu(kind))) {
            PairedRunner runner =
                    new PairedRunner(settings.withRounds(Math.min(settings.rounds(), ROUNDS))).add(PLAIN, steps::plain);
            for (Case one : cases) {
                ModelSteps.Mimicking mimic = steps.new Mimicking(one.mimic(), one.calibration());
                mimicking.add(mimic);
                runner.add(one.name(), mimic::step);
            }
            try (Peer peer = peer(kind, Map.of())) {
                if (peer != null) runner.add(PEER, peer::step);
                report(kind, cases, runner.run(), peer, sink);
            } finally {
                mimicking.forEach(ModelSteps.Mimicking::close);
            }
            keeping(kind, steps, settings, sink);
        }
        memory(kind, cases, sink);
    }

    private static @Nullable Peer peer(ModelSteps.Kind kind, Map<String, String> environment) {
        return Peer.start(
                environment,
                "per_sample.py",
                kind.label(),
                String.valueOf(ModelSteps.SIDE),
                String.valueOf(ModelSteps.BATCH),
                String.valueOf(NativeLibrary.cpuThreads()));
    }

    private static Map<String, Object> parameters(ModelSteps.Kind kind) {
        return Stage.parameters("model", kind.label(), "side", ModelSteps.SIDE, "B", ModelSteps.BATCH);
    }

    private static @Nullable Target atMost(double limit) {
        return Double.isNaN(limit) ? null : Target.atMost(limit);
    }

    private static void report(
            ModelSteps.Kind kind,
            Case[] cases,
            PairedRunner.Times times,
            @Nullable Peer peer,
            Consumer<Measurement> sink) {
        Map<String, Object> parameters = parameters(kind);
        for (Case one : cases) {
            sink.accept(Measurement.timeRatio(times, one.name(), PLAIN, parameters, atMost(one.time())));
        }
        if (peer == null) return;
        Map<String, Object> against = new LinkedHashMap<>(parameters);
        against.put("torch", peer.version());
        // The small one's per-sample gradients cost less than two plain steps: no step could be twice as fast.
        Target target = kind == ModelSteps.Kind.VIT_SMALL_8 ? null : Target.atLeast(2);
        for (Case one : cases) {
            sink.accept(Measurement.timeRatio(times, PEER, one.name(), against, target));
        }
        sink.accept(Measurement.timeRatio(times, PEER, PLAIN, against, null));
    }

    /** By itself: the gradients of every sample take gigabytes, twice is too much beside each other. */
    private static void keeping(
            ModelSteps.Kind kind, ModelSteps steps, PairedRunner.Settings settings, Consumer<Measurement> sink) {
        try (Peer peer = peer(kind, KEEPING)) {
            if (peer == null) return;
            PairedRunner runner = new PairedRunner(settings.withRounds(Math.min(settings.rounds(), KEEPING_ROUNDS)))
                    .add(PLAIN, steps::plain)
                    .add(KEEPING_PEER, peer::step);
            Map<String, Object> against = new LinkedHashMap<>(parameters(kind));
            against.put("torch", peer.version());
            against.putAll(KEEPING);
            sink.accept(Measurement.timeRatio(runner.run(), KEEPING_PEER, PLAIN, against, null));
        }
    }

    private static void memory(ModelSteps.Kind kind, Case[] cases, Consumer<Measurement> sink) {
        double plain = PeakMemory.of(kind, null, Calibration.ALL);
        for (Case one : cases) {
            double bytes = PeakMemory.of(kind, one.mimic(), one.calibration());
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("peak_bytes", bytes);
            details.put("base_peak_bytes", plain);
            Interval ratio = new Interval(bytes / plain, bytes / plain, bytes / plain);
            sink.accept(new Measurement(
                    one.name(), parameters(kind), PLAIN, "peak memory", ratio, atMost(one.memory()), 1, details));
        }
    }
}
