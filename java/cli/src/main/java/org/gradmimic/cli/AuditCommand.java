package org.gradmimic.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.gradmimic.audit.Audit;
import org.gradmimic.audit.AuditListener;
import org.gradmimic.audit.AuditResult;
import org.gradmimic.audit.AuditSettings;
import org.gradmimic.audit.AuditStage;
import org.gradmimic.audit.ClassReport;
import org.gradmimic.audit.Issue;
import org.gradmimic.audit.ReferenceQuality;
import org.gradmimic.base.InputException;
import org.gradmimic.cli.data.SampleList;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.device.Device;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.io.run.RunRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Finds the wrong labels of a set of images. */
@Command(
        name = "audit",
        sortOptions = false,
        modelTransformer = AuditOptions.class,
        description =
                "Finds wrong labels in a set of images: embeds them, takes a reference from trusted samples or, if"
                        + " there are none, from the labels themselves, trains a head with Grad-Mimic, and lists the samples"
                        + " whose labels it believes wrong, the worst first. The images are only read.",
        footer = {
            "",
            "  gradmimic audit --data images:PHOTOS --trusted images:CLEAN --out runs/audit",
            "",
            "Without trusted samples, labels that are wrong at random are found; a class that is regularly mistaken",
            "for another one is not."
        })
final class AuditCommand implements Callable<Integer> {
    private static final String METRICS = "metrics.json";
    private static final String IMAGES = "images:";

    /** Names the folder of the images that a list of paths and labels refers to. */
    private static final String ROOT = ",root=";

    private static final int SHOWN = 10;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Mixin
    private DeviceOption deviceOption;

    @Mixin
    private ImageOptions imageOptions;

    @Mixin
    private BackboneOptions backboneOptions;

    @Mixin
    private RunOptions runOptions;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "SPEC",
            description = "The images to audit: " + Datasets.SYNTAX + ".")
    private String data;

    @Option(
            names = "--trusted",
            paramLabel = "SPEC",
            description = "Images whose labels are right, with the same class names.")
    private @Nullable String trusted;

    @Option(
            names = "--trusted-ids",
            paramLabel = "FILE",
            description =
                    "The samples of --data whose labels are right: a .txt with a path or number a line, or a filter"
                            + " (.npy, .parquet) that keeps them.")
    private @Nullable Path trustedIds;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            description = "Which split is audited: ${COMPLETION-CANDIDATES} (default: the first there is).")
    private @Nullable Split split;

    @Option(
            names = "--out",
            required = true,
            order = 100,
            paramLabel = "DIR",
            description = "Output folder; new or empty.")
    private Path out;

    private final List<String> remarks = new ArrayList<>();

    @Override
    public Integer call() {
        if (trusted != null && trustedIds != null) {
            throw new InputException("--trusted and --trusted-ids exclude each other");
        }
        AuditSettings settings = AuditSettings.of(SettingOptions.values(spec, AuditSettings.GROUP));
        common.applyThreads();
        if (backboneOptions.given() && settings.values().isGiven(AuditSettings.BACKBONE_EPOCHS)) {
            common.note("note: a given model ignores --backbone-epochs");
        }
        ImageDataset dataset = imageOptions.open(data, common);
        Split audited = split != null ? split : dataset.splits().get(0);
        boolean model = backboneOptions.given();
        Device device = deviceOption.choose(common);
        try (PointerScope scope = new PointerScope();
                BackboneOptions.@Nullable Opened opened = model ? backboneOptions.open(common, deviceOption) : null) {
            Audit.Builder audit = Audit.builder(dataset, out)
                    .split(audited)
                    .settings(settings)
                    .device(device)
                    .listener(new Watcher());
            RunRecord record = new RunRecord("audit")
                    .value("data", data)
                    .value("split", audited.toString())
                    .settings(settings.values())
                    .value("device", device.toString());
            if (imageFolder() != null) audit.imageRoot(imageFolder());
            addTrusted(audit, record, dataset, audited);
            if (opened != null) {
                audit.backbone(opened.backbone());
                backboneOptions.record(record, opened);
            }
            run(audit, record);
        }
        return 0;
    }

    /** The folder below which the images lie; null if they lie in an archive or elsewhere. */
    private @Nullable Path imageFolder() {
        if (!data.startsWith(IMAGES)) return null;
        String where = data.substring(IMAGES.length());
        int root = where.lastIndexOf(ROOT);
        Path folder =
                Path.of(root < 0 ? where : where.substring(root + ROOT.length()).split(",", -1)[0]);
        return Files.isDirectory(folder) ? folder : null;
    }

    private void addTrusted(Audit.Builder audit, RunRecord record, ImageDataset dataset, Split audited) {
        if (trusted != null) {
            audit.trusted(imageOptions.open(trusted, common));
            record.value("trusted", trusted);
        } else if (trustedIds != null) {
            record.input("trusted-ids", trustedIds);
            audit.trusted(SampleList.read(trustedIds, dataset, audited));
        }
    }

    private void run(Audit.Builder builder, RunRecord record) {
        Audit audit = builder.build();
        try (RunFolder run = runOptions.begin(out, record, outputs())) {
            if (run.resumed()) common.note(out + ": continues where it was interrupted");
            Interruption.kept(() -> out + ": the files of the finished stages, and the score log up to its last"
                    + " finished epoch; --resume continues after them");
            AuditResult result = audit.run().orElseThrow();
            AuditMetrics.write(out.resolve(METRICS), record, result, remarks);
            run.finish();
            audit.forget();
            imageOptions.noteWarnings(common);
            report(result);
        }
    }

    private static Set<String> outputs() {
        Set<String> names = new HashSet<>(Audit.outputs());
        names.add(METRICS);
        return names;
    }

    private void report(AuditResult result) {
        var print = common.out();
        ReferenceQuality quality = result.quality();
        // What the list below is worth comes before the list.
        remarks.forEach(remark -> print.println("note: " + remark));
        if (quality.trusted()) {
            print.println("reference: right on " + percent(quality.accuracy()) + " of " + quality.heldOut()
                    + " trusted samples that were held out; trained on " + quality.samples());
        }
        print.println();
        Table classes = new Table("class", "samples", "believed wrong", "share");
        for (ClassReport found : result.classes()) {
            classes.add(
                    found.name(),
                    found.samples(),
                    found.wrong(),
                    found.samples() == 0 ? null : percent((double) found.wrong() / found.samples()));
        }
        int wrong = result.issues().size();
        classes.add("all", result.samples(), wrong, percent((double) wrong / result.samples()));
        classes.print(print);
        print.println();
        Table worst = new Table("rank", "path", "given", "suggested", "score", "keep");
        for (Issue issue : result.issues().subList(0, Math.min(SHOWN, wrong))) {
            worst.add(
                    issue.rank(),
                    issue.path(),
                    issue.givenLabel(),
                    issue.suggestedLabel(),
                    issue.mimicScore(),
                    String.format(Locale.ROOT, "%.4f", issue.keepProbability()));
        }
        worst.print(print);
        print.println();
        print.println(out + ": issues.csv, issues.parquet, kept.txt, keep.npy, metrics.json, score log");
    }

    private static String percent(double ratio) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * ratio);
    }

    /** Displays one progress bar per stage, and keeps the remarks for the report. */
    private final class Watcher implements AuditListener {
        private @Nullable Progress progress;
        private long before;

        @Override
        public void started(AuditStage stage, long total) {
            before = 0;
            progress = common.progress(stage.toString(), stage.unit(), total);
        }

        @Override
        public void progressed(AuditStage stage, long done, long total) {
            if (progress != null) progress.step(done - before);
            before = done;
        }

        @Override
        public void finished(AuditStage stage, double seconds) {
            if (progress != null) progress.close();
            progress = null;
        }

        @Override
        public void remark(String text) {
            remarks.add(text);
            common.note("note: " + text);
        }
    }
}
