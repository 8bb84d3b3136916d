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

    /** The gradients of every sample by torch.func, and torch's plain step; named as bench/peers/per_sample.py has them. */
    private static final String PEER = "torchFunc";

    private static final String PEER_PLAIN = "torchPlain";

    /**
     * Rounds are shared out among models that are made one after the other, each with its peer: where tensors happen to lie in
     * memory is worth up to 3 % of a step, as long as a model lives.
     */
    private static final int MODELS = 3;

    /** Of each of those models beside torch's: what is compared there differs by factors. */
    private static final int PEER_ROUNDS = 4;

    private ModelStage() {}

    /** More where less is left between what is measured and what is asked; a round of ViT-B/16 takes a quarter of a minute. */
    private static int rounds(ModelSteps.Kind kind, PairedRunner.Settings settings) {
        return switch (kind) {
            case VIT_B_16 -> settings.rounds() * 3 / 2;
            case RESNET_18 -> settings.rounds() * 4;
            default -> settings.rounds();
        };
    }

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
        PairedRunner.Settings part = settings.withRounds((rounds(kind, settings) + MODELS - 1) / MODELS);
        PairedRunner.Settings peers = settings.withRounds(PEER_ROUNDS);
        List<PairedRunner.Times> times = new ArrayList<>();
        List<PairedRunner.Times> besidePeers = new ArrayList<>();
        String torch = null;
        for (int model = 0; model < MODELS; model++) {
            try (ModelSteps steps = new ModelSteps(ModelSteps.Setup.cpu(kind));
                    Steps of = new Steps(steps, cases)) {
                times.add(of.besidePlain(part));
                try (Peer peer = peer(kind)) {
                    if (peer == null) continue;
                    besidePeers.add(of.besidePeers(peers, peer));
                    torch = peer.version();
                }
            }
        }
        report(kind, cases, PairedRunner.Times.joined(times), sink);
        if (torch != null) reportPeers(kind, cases, PairedRunner.Times.joined(besidePeers), torch, sink);
        memory(kind, cases, sink);
    }

    /** All steps of one model. */
    private static final class Steps implements AutoCloseable {
        private final ModelSteps model;
        private final Map<String, ModelSteps.Mimicking> mimicking = new LinkedHashMap<>();

        Steps(ModelSteps model, Case[] cases) {
            this.model = model;
            for (Case one : cases) mimicking.put(one.name(), model.new Mimicking(one.mimic(), one.calibration()));
        }

        PairedRunner.Times besidePlain(PairedRunner.Settings settings) {
            PairedRunner runner = new PairedRunner(settings).add(PLAIN, model::plain);
            mimicking.forEach((name, steps) -> runner.beside(PLAIN, name, steps::step));
            return runner.run();
        }

        PairedRunner.Times besidePeers(PairedRunner.Settings settings, Peer peer) {
            PairedRunner runner = new PairedRunner(settings).with(peer.handle()).add(PLAIN, model::plain);
            mimicking.forEach((name, steps) -> runner.add(name, steps::step));
            return runner.add(PEER, () -> peer.step(PEER))
                    .add(PEER_PLAIN, () -> peer.step(PEER_PLAIN))
                    .run();
        }

        @Override
        public void close() {
            mimicking.values().forEach(ModelSteps.Mimicking::close);
        }
    }

    private static @Nullable Peer peer(ModelSteps.Kind kind) {
        return Peer.start(
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
            ModelSteps.Kind kind, Case[] cases, PairedRunner.Times times, Consumer<Measurement> sink) {
        for (Case one : cases) {
            sink.accept(Measurement.timeRatio(times, one.name(), PLAIN, parameters(kind), atMost(one.time())));
        }
    }

    private static void reportPeers(
            ModelSteps.Kind kind, Case[] cases, PairedRunner.Times times, String torch, Consumer<Measurement> sink) {
        Map<String, Object> parameters = new LinkedHashMap<>(parameters(kind));
        parameters.put("torch", torch);
        // The small one's per-sample gradients cost less than two plain steps: no step could be twice as fast.
        Target target = kind == ModelSteps.Kind.VIT_SMALL_8 ? null : Target.atLeast(2);
        for (Case one : cases) {
            sink.accept(Measurement.timeRatio(times, PEER, one.name(), parameters, target));
        }
        sink.accept(Measurement.timeRatio(times, PEER, PLAIN, parameters, null));
        sink.accept(Measurement.timeRatio(times, PEER, PEER_PLAIN, parameters, null));
        sink.accept(Measurement.timeRatio(times, PEER_PLAIN, PLAIN, parameters, null));
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
