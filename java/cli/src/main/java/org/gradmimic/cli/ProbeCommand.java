package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.io.run.RunRecord;
import org.gradmimic.io.sample.ClassNames;
import org.gradmimic.io.sample.SampleNames;
import org.gradmimic.train.EpochMetrics;
import org.gradmimic.train.Probe;
import org.gradmimic.train.ProbeData;
import org.gradmimic.train.ProbeInput;
import org.gradmimic.train.ProbeListener;
import org.gradmimic.train.ProbeResult;
import org.gradmimic.train.ProbeRun;
import org.gradmimic.train.ProbeSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a linear head on frozen features. */
@Command(
        name = "probe",
        sortOptions = false,
        modelTransformer = ProbeOptions.class,
        description =
                "Trains a linear head on frozen features, with samples weighted according to --mode. Writes the head,"
                        + " the score and weight of every sample in every epoch, metrics.json and the score log.",
        footer = {
            "",
            "--resume with a larger --epochs extends a finished run.",
            "",
            "Features in float32 that take more than a quarter of the memory are mapped, not read: do not truncate such a"
                    + " file while the command runs."
        })
final class ProbeCommand implements Callable<Integer> {
    private static final String METRICS = "metrics.json";

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private RunOptions runOptions;

    @Option(
            names = "--names",
            order = 99,
            paramLabel = "FILE",
            description = "The names of the samples, a samples.parquet as embed writes it, for the run's folder"
                    + " (default: the one beside --features).")
    private @Nullable Path namesFile;

    @Option(
            names = "--out",
            required = true,
            order = 100,
            paramLabel = "DIR",
            description = "Output folder; new or empty.")
    private Path out;

    @Override
    public Integer call() {
        ProbeSettings settings = ProbeSettings.of(SettingOptions.values(spec, ProbeSettings.GROUP));
        common.applyThreads();
        try (PointerScope scope = new PointerScope()) {
            ProbeData data = data();
            Probe.check(data, settings);
            SampleNames names = names(data);
            Device device = deviceOption.choose(common);
            RunRecord record = record(data, settings, device);
            if (names != null) record.input("names", names.file());
            try (RunFolder folder = runOptions.begin(out, record, outputs())) {
                SettingOptions.note(common, Probe.remarks(data, settings));
                if (names != null) names.copyTo(out);
                new Training(device, data, settings, record, folder).run();
            }
        }
        return 0;
    }

    private ProbeData data() {
        ProbeData.Builder data = ProbeData.builder();
        for (ProbeInput input : ProbeInput.values()) {
            Path file = spec.findOption(SettingOptions.name(input.label())).getValue();
            if (file != null) data.read(input, file);
        }
        return data.build();
    }

    /** The names of the samples, which a probe does not use but keeps for those who read its scores. */
    private @Nullable SampleNames names(ProbeData data) {
        if (namesFile != null) return SampleNames.open(namesFile).requireSize(data.samples());
        Path features = data.file(ProbeInput.FEATURES);
        SampleNames found =
                features == null ? null : SampleNames.beside(features).orElse(null);
        if (found == null || found.size() == data.samples()) return found;
        common.note("note: " + found.file() + " has the names of " + found.size() + " samples, not of these "
                + data.samples() + "; the run goes without names");
        return null;
    }

    private static RunRecord record(ProbeData data, ProbeSettings settings, Device device) {
        RunRecord record = new RunRecord("probe").settings(settings.values()).value("device", device.toString());
        for (ProbeInput input : ProbeInput.values()) {
            Path file = data.file(input);
            if (file != null) record.input(input.label(), file);
        }
        return record;
    }

    private static Set<String> outputs() {
        Set<String> names = new HashSet<>(List.of(METRICS, SampleNames.FILE, ClassNames.FILE));
        names.addAll(ProbeRun.outputs());
        return names;
    }

    /** One training, from the folder's state to its finished files. */
    private final class Training {
        private final Device device;
        private final ProbeData data;
        private final ProbeSettings settings;
        private final RunRecord record;
        private final RunFolder folder;

        Training(Device device, ProbeData data, ProbeSettings settings, RunRecord record, RunFolder folder) {
            this.device = device;
            this.data = data;
            this.settings = settings;
            this.record = record;
            this.folder = folder;
        }

        void run() {
            int finished = ProbeRun.finishedEpochs(out);
            if (folder.resumed()) {
                common.note(out + ": " + finished + " of " + settings.epochs() + " epochs are already finished");
            }
            Interruption.kept(() -> out + ": the score log up to the last finished epoch; --resume continues after it");
            ProbeResult result = train(finished);
            ProbeMetrics.write(out.resolve(METRICS), record, result);
            folder.finish();
            report(result);
        }

        private ProbeResult train(int finished) {
            long steps = (data.samples() + settings.batchSize() - 1L) / settings.batchSize();
            try (Progress progress =
                    common.progress(settings.mode().toString(), "steps", steps * (settings.epochs() - finished))) {
                return ProbeRun.builder(out, data, settings)
                        .device(device)
                        .listener(new Watcher(progress))
                        .build()
                        .run();
            }
        }

        private void report(ProbeResult result) {
            Table table = new Table("epoch", "loss", "noisy", "true", "test", "seconds");
            result.epochs().forEach(m -> add(table, m));
            table.print(common.out());
            warnNonFinite(result.epochs());
            common.out().println(out);
        }
    }

    private static void add(Table table, EpochMetrics m) {
        table.add(
                m.epoch(),
                m.meanLoss(),
                ratio(m.noisyAccuracy()),
                ratio(m.trueAccuracy()),
                ratio(m.testAccuracy()),
                m.seconds());
    }

    private static String ratio(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }

    private void warnNonFinite(List<EpochMetrics> metrics) {
        List<Long> ids = metrics.stream()
                .flatMap(e -> e.nonFinite().stream())
                .distinct()
                .sorted()
                .toList();
        if (ids.isEmpty()) return;
        common.note(ids.size() + (ids.size() == 1 ? " sample has" : " samples have")
                + " no finite loss or score and got weight 0: " + ids.subList(0, Math.min(10, ids.size()))
                + (ids.size() > 10 ? " and others" : ""));
    }

    /** Displays progress. */
    private record Watcher(Progress progress) implements ProbeListener {
        @Override
        public void accept(int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}

        @Override
        public void stepped(long steps, long totalSteps) {
            progress.step(1);
        }

        @Override
        public void epochFinished(EpochMetrics m) {
            progress.say(String.format(Locale.ROOT, "loss %.4f", m.meanLoss()));
        }
    }
}
