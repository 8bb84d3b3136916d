package org.gradmimic.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.device.Device;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.model.Backbone;
import org.gradmimic.train.NpyTensors;
import org.gradmimic.train.Probe;
import org.gradmimic.train.ProbeCheckpoint;
import org.gradmimic.train.ProbeData;
import org.gradmimic.train.ProbeListener;
import org.gradmimic.train.ProbeResult;
import org.gradmimic.train.ProbeRun;
import org.gradmimic.train.ProbeSettings;
import org.jspecify.annotations.Nullable;

/**
 * Finds the wrong labels of a set of images.
 *
 * <pre>{@code
 * AuditResult result = Audit.builder(images, folder).trusted(clean).settings(settings).build().run().orElseThrow();
 * }</pre>
 *
 * <p>It embeds the images with the given backbone, or with a small one that it trains on them. Trusted samples train a
 * reference head, which is measured on a part of them that is held out. Without trusted samples, the labels themselves
 * train it, briefly; the direction is then scaled ahead. That finds labels that are wrong at random. It cannot find a
 * class that is regularly mistaken for another one, because the reference learns the mistake too. A head is then trained
 * with Grad-Mimic, and every epoch votes on every sample.
 *
 * <p>Every stage leaves its files in the folder as soon as they are whole (docs/audit.md). In the folder of an interrupted
 * audit with the same data and settings it continues after the last finished stage, and in the training of a head after
 * the last finished epoch. The images are only ever read.
 */
public final class Audit {
    /** The filter: bool [N], true = keep. */
    public static final String KEEP = "keep.npy";

    /** The probability that a sample is worth keeping, float32 [N]; NaN for trusted samples. */
    public static final String PROBABILITY = "keep_probability.npy";

    /** The list of kept images. */
    public static final String KEPT = "kept.txt";

    private static final String REFERENCE_WEIGHT = "reference_weight.npy";
    private static final String REFERENCE_BIAS = "reference_bias.npy";
    private static final String REFERENCE_STATE = ".reference.checkpoint";

    private final ImageDataset dataset;
    private final Split split;
    private final Path folder;
    private final @Nullable Trusted trusted;
    private final @Nullable Backbone backbone;
    private final AuditSettings settings;
    private final Device device;
    private final AuditListener listener;
    private final StageTimer timer;
    private final @Nullable Path root;

    private Audit(Builder builder) {
        dataset = builder.dataset;
        split = builder.split;
        folder = builder.folder;
        backbone = builder.backbone;
        settings = builder.settings;
        device = builder.device;
        listener = builder.listener;
        timer = new StageTimer(listener);
        trusted = builder.trusted();
        root = builder.root;
        if (dataset.classNames().size() < 2) {
            throw new InputException("data set '" + dataset.spec() + "': has "
                    + dataset.classNames().size() + " class; with a single class no label can be wrong");
        }
        if (settings.apply() != Apply.LIST && root == null) {
            throw new InputException("links and copies of the kept images need a folder of images; '" + dataset.spec()
                    + "' is none: take the list");
        }
        if (audited().length == 0) throw new InputException("every sample is trusted: there is nothing to audit");
    }

    /**
     * A builder of an audit.
     *
     * @param folder must exist and be writable, and contain either nothing or what an interrupted audit left
     */
    public static Builder builder(ImageDataset dataset, Path folder) {
        return new Builder(dataset, folder);
    }

    /** Collects what an audit consists of. */
    public static final class Builder {
        private final ImageDataset dataset;
        private final Path folder;
        private Split split;
        private @Nullable ImageDataset trustedDataset;
        private long @Nullable [] trustedIds;
        private @Nullable Backbone backbone;
        private AuditSettings settings = AuditSettings.builder().build();
        private Device device = Device.CPU;
        private AuditListener listener = new AuditListener() {};
        private @Nullable Path root;

        private Builder(ImageDataset dataset, Path folder) {
            this.dataset = dataset;
            this.folder = folder;
            split = dataset.splits().get(0);
        }

        /** Sets which split is audited; the default is the first. */
        public Builder split(Split split) {
            if (!dataset.splits().contains(split)) {
                throw new InputException(dataset.spec() + " has no " + split + " split; it has " + dataset.splits());
            }
            this.split = split;
            return this;
        }

        /** Sets a data set whose labels are right; its classes have the same names. */
        public Builder trusted(ImageDataset trusted) {
            this.trustedDataset = trusted;
            return this;
        }

        /** Sets the samples of the audited split whose labels are right; they are not audited, and kept. */
        public Builder trusted(long[] ids) {
            int samples = dataset.size(split);
            for (long id : ids) {
                if (id < 0 || id >= samples) {
                    throw new InputException("trusted sample " + id + ": the " + split + " split of '" + dataset.spec()
                            + "' has " + samples + " samples, numbered from 0");
                }
            }
            this.trustedIds = LongStream.of(ids).sorted().distinct().toArray();
            return this;
        }

        /** Sets the backbone; by default a small one is trained. The caller closes it. */
        public Builder backbone(Backbone backbone) {
            this.backbone = backbone;
            return this;
        }

        /** Sets the settings. */
        public Builder settings(AuditSettings settings) {
            this.settings = settings;
            return this;
        }

        /** Sets the device of the heads; the default is the CPU. */
        public Builder device(Device device) {
            this.device = device;
            return this;
        }

        /** Sets a listener. */
        public Builder listener(AuditListener listener) {
            this.listener = listener;
            return this;
        }

        /** Sets the folder below which the images lie, for links to them or copies of them. */
        public Builder imageRoot(Path root) {
            this.root = root;
            return this;
        }

        private @Nullable Trusted trusted() {
            if (trustedDataset != null && trustedIds != null) {
                throw new InvalidArgumentException("a trusted data set and trusted samples exclude each other");
            }
            if (trustedDataset != null) {
                return Trusted.all(trustedDataset, dataset.classNames(), settings.heldOut(), settings.seed());
            }
            if (trustedIds != null) {
                return Trusted.some(dataset, split, trustedIds, settings.heldOut(), settings.seed());
            }
            return null;
        }

        /**
         * Builds the audit.
         *
         * @throws InputException if the data set has a single class, or too few or other trusted samples than needed
         */
        public Audit build() {
            return new Audit(this);
        }
    }

    /** Names of all files and folders that an audit, finished or not, writes to its folder. */
    public static Set<String> outputs() {
        Set<String> names = new HashSet<>(Features.outputs());
        names.addAll(ProbeRun.outputs());
        names.addAll(KeptImages.outputs());
        names.addAll(List.of(
                REFERENCE_WEIGHT,
                REFERENCE_BIAS,
                REFERENCE_STATE,
                KEEP,
                PROBABILITY,
                KEPT,
                IssueList.CSV,
                IssueList.PARQUET));
        return names;
    }

    /**
     * Runs to the end.
     *
     * @return empty if the listener asked to stop; what was finished until then is in the folder
     * @throws InputException if an image is damaged or a file cannot be written
     */
    public Optional<AuditResult> run() {
        try (PointerScope scope = new PointerScope()) {
            return Optional.of(stages());
        } catch (CancellationException e) {
            return Optional.empty();
        }
    }

    /** Removes the file that is only needed to continue after an interruption. Call this once all results are written. */
    public void forget() {
        Path file = folder.resolve(REFERENCE_STATE);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new InputException("cannot delete " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private AuditResult stages() {
        Trusted clean = trusted;
        if (clean == null) {
            listener.remark(
                    "there are no trusted samples: the reference learns from the labels themselves. It finds labels"
                            + " that are wrong at random; it cannot see a class that is regularly mistaken for another one"
                            + " (pairwise noise)");
        } else {
            String missing = clean.missingClasses(dataset.classNames());
            if (missing != null) listener.remark("no trusted sample trains the reference on these classes: " + missing);
        }
        if (backbone == null) {
            listener.remark(
                    "no model is given: a small backbone is trained on the images; a pretrained one finds more");
        }
        Features made = new Features(dataset, split, clean, settings, folder, timer);
        made.make(backbone);
        long[] audited = audited();
        Tensor features = NpyTensors.floats(made.own());
        long[] labels = dataset.labels(split);
        Tensor auditedFeatures = rows(features, audited);
        Tensor auditedLabels = pick(labels, audited);

        ProbeResult reference = reference(
                clean == null
                        ? data(auditedFeatures, auditedLabels).build()
                        : trustedData(clean, clean.isOfOwn() ? NpyTensors.floats(made.ofTrusted()) : features));
        ReferenceQuality quality = quality(clean, reference, audited.length);
        if (quality.isWeak()) listener.remark(weakness(quality));

        long width = features.size(1);
        int classes = dataset.classNames().size();
        ProbeData noisy = data(auditedFeatures, auditedLabels)
                .referenceWeight(Tensors.of(reference.weight(), classes, width))
                .build();
        ProbeResult mimic = mimic(noisy, audited, labels.length);
        Findings findings;
        try (StageTimer.Running running = timer.start(AuditStage.FILTER, 4)) {
            findings = new Findings(dataset, split, audited, folder);
            findings.write(mimic, auditedFeatures, running::progressed);
        }
        apply(findings);
        return new AuditResult(
                findings.classes(),
                findings.issues(),
                findings.kept(),
                quality,
                reference.epochs(),
                mimic.epochs(),
                findings.confidence(),
                timer.seconds());
    }

    /** Ids of the samples whose labels are in question, sorted. */
    private long[] audited() {
        boolean[] known = new boolean[dataset.size(split)];
        if (trusted != null && !trusted.isOfOwn()) {
            for (long id : trusted.training()) known[(int) id] = true;
            for (long id : trusted.heldOut()) known[(int) id] = true;
        }
        return LongStream.range(0, known.length).filter(id -> !known[(int) id]).toArray();
    }

    private static Tensor rows(Tensor features, long[] ids) {
        if (ids.length == features.size(0)) return features;
        return torch.index_select(features, 0, Tensors.of(ids, ids.length));
    }

    private static Tensor pick(long[] labels, long[] ids) {
        return Tensors.of(Arrays.stream(ids).map(id -> labels[(int) id]).toArray(), ids.length);
    }

    private ProbeData.Builder data(Tensor features, Tensor labels) {
        return ProbeData.builder()
                .features(features)
                .labels(labels)
                .classes(dataset.classNames().size());
    }

    private ProbeData trustedData(Trusted clean, Tensor features) {
        long[] training = clean.training();
        long[] heldOut = clean.heldOut();
        return data(rows(features, training), Tensors.of(clean.labels(training), training.length))
                .test(rows(features, heldOut), Tensors.of(clean.labels(heldOut), heldOut.length))
                .build();
    }

    private ProbeResult reference(ProbeData data) {
        ProbeSettings how = settings.reference(trusted != null);
        try (StageTimer.Running running = timer.start(AuditStage.REFERENCE, steps(data, how))) {
            ProbeResult result = new Probe(device, data, how, watcher(running))
                    .run(new ProbeCheckpoint(folder.resolve(REFERENCE_STATE)));
            StageTimer.requireWhole(!result.stopped());
            long width = result.weight().length / data.classes();
            NpyWriter.write(folder.resolve(REFERENCE_WEIGHT), result.weight(), data.classes(), width);
            NpyWriter.write(folder.resolve(REFERENCE_BIAS), result.bias(), data.classes());
            return result;
        }
    }

    private static ReferenceQuality quality(@Nullable Trusted clean, ProbeResult reference, int audited) {
        if (clean == null) return new ReferenceQuality(false, audited, 0, Double.NaN);
        double accuracy = reference.epochs().get(reference.epochs().size() - 1).testAccuracy();
        return new ReferenceQuality(true, clean.training().length, clean.heldOut().length, accuracy);
    }

    private static String weakness(ReferenceQuality quality) {
        return String.format(
                Locale.ROOT,
                "the reference is weak: it is right on %.1f %% of the %d trusted samples that were held out. Expect many"
                        + " right labels among the issues and many wrong ones among the kept; a better backbone or more"
                        + " trusted samples help",
                100 * quality.accuracy(),
                quality.heldOut());
    }

    private ProbeResult mimic(ProbeData data, long[] numbers, int samples) {
        ProbeSettings how = settings.mimic(trusted != null);
        try (StageTimer.Running running = timer.start(AuditStage.MIMIC, steps(data, how))) {
            ProbeResult result = ProbeRun.builder(folder, data, how)
                    .device(device)
                    .numbers(numbers, samples)
                    .listener(watcher(running))
                    .build()
                    .run();
            StageTimer.requireWhole(!result.stopped());
            return result;
        }
    }

    private static long steps(ProbeData data, ProbeSettings how) {
        return ((long) data.samples() + how.batchSize() - 1) / how.batchSize() * how.epochs();
    }

    private ProbeListener watcher(StageTimer.Running running) {
        return new ProbeListener() {
            @Override
            public void accept(
                    int epoch, long step, long[] ids, float[] score, float[] weight, float[] loss, int count) {}

            @Override
            public void stepped(long steps, long totalSteps) {
                running.progressed(steps);
            }

            @Override
            public boolean stopRequested() {
                return timer.stopRequested();
            }
        };
    }

    private void apply(Findings findings) {
        Path source = root;
        if (settings.apply() == Apply.LIST || source == null) return;
        List<String> paths = new ArrayList<>();
        findings.kept().forEachKept(id -> paths.add(dataset.sampleName(split, id)));
        try (StageTimer.Running running = timer.start(AuditStage.APPLY, paths.size())) {
            KeptImages.write(folder, source, paths, settings.apply(), done -> {
                running.progressed(done);
                StageTimer.requireWhole(!timer.stopRequested());
            });
        }
    }
}
