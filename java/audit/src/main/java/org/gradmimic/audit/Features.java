package org.gradmimic.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.model.Backbone;
import org.gradmimic.model.BackboneTrainer;
import org.gradmimic.model.BackboneTrainerListener;
import org.gradmimic.model.BackboneTrainerSettings;
import org.gradmimic.model.ConvBackbone;
import org.gradmimic.model.EmbedListener;
import org.gradmimic.model.Embedder;
import org.jspecify.annotations.Nullable;

/** The first stages of an audit: a backbone, if none is given, and the features of all images. */
final class Features {
    static final String BACKBONE = "backbone.safetensors";

    /** The folder of the features of a trusted data set. */
    static final String TRUSTED = "trusted";

    private static final int EMBED_BATCH = 256;

    /** The backbone is trained on at most this many images, which are in memory: 60 MB of 32×32 pixels. */
    private static final int MOST_IMAGES = 20_000;

    /** From this many trusted images on, the backbone is trained on them alone; with fewer, on all images. */
    static final int ENOUGH_TRUSTED = 5_000;

    private final ImageDataset dataset;
    private final Split split;
    private final @Nullable Trusted trusted;
    private final AuditSettings settings;
    private final Path folder;
    private final StageTimer timer;

    Features(
            ImageDataset dataset,
            Split split,
            @Nullable Trusted trusted,
            AuditSettings settings,
            Path folder,
            StageTimer timer) {
        this.dataset = dataset;
        this.split = split;
        this.trusted = trusted;
        this.settings = settings;
        this.folder = folder;
        this.timer = timer;
    }

    /** The features of the audited split, once {@link #make} has returned. */
    Path own() {
        return folder.resolve(Embedder.FEATURES);
    }

    /** The features of the trusted samples: a file of their own, or the same file. */
    Path ofTrusted() {
        return trusted != null && trusted.isOfOwn() ? folder.resolve(TRUSTED).resolve(Embedder.FEATURES) : own();
    }

    /** Makes the files that are not there yet. */
    void make(@Nullable Backbone given) {
        if (Files.exists(own()) && Files.exists(ofTrusted())) return;
        if (given != null) {
            embed(given);
            return;
        }
        try (ConvBackbone backbone = backbone()) {
            embed(backbone);
        }
    }

    private void embed(Backbone backbone) {
        if (trusted != null && trusted.isOfOwn() && !Files.exists(ofTrusted())) {
            embed(backbone, AuditStage.EMBED_TRUSTED, trusted.dataset(), trusted.split(), created(TRUSTED));
        }
        if (!Files.exists(own())) embed(backbone, AuditStage.EMBED, dataset, split, folder);
    }

    private Path created(String name) {
        Path made = folder.resolve(name);
        try {
            return Files.createDirectories(made);
        } catch (IOException e) {
            throw new InputException("cannot create " + made + ": " + AtomicFile.reason(e), e);
        }
    }

    private void embed(Backbone backbone, AuditStage stage, ImageDataset images, Split part, Path target) {
        try (StageTimer.Running running = timer.start(stage, images.size(part))) {
            EmbedListener watcher = new EmbedListener() {
                @Override
                public void embedded(long done, long total) {
                    running.progressed(done);
                }

                @Override
                public boolean stopRequested() {
                    return timer.stopRequested();
                }
            };
            StageTimer.requireWhole(new Embedder(backbone, EMBED_BATCH).write(images, part, target, watcher));
        }
    }

    private ConvBackbone backbone() {
        Path file = folder.resolve(BACKBONE);
        if (Files.exists(file)) return ConvBackbone.load(file);
        ConvBackbone backbone = ConvBackbone.random(ConvBackbone.imageSizeFor(dataset), settings.seed());
        try {
            train(backbone);
            backbone.save(file);
            return backbone;
        } catch (RuntimeException e) {
            backbone.close();
            throw e;
        }
    }

    private void train(ConvBackbone backbone) {
        BackboneTrainerSettings how = settings.trainer(ConvBackbone.suitsFlips(dataset));
        ImageBatch images = images(backbone);
        try (StageTimer.Running running = timer.start(AuditStage.BACKBONE, BackboneTrainer.steps(how, images.size()))) {
            BackboneTrainerListener watcher = new BackboneTrainerListener() {
                @Override
                public void stepped(long done, long total, double loss) {
                    running.progressed(done);
                }

                @Override
                public boolean stopRequested() {
                    return timer.stopRequested();
                }
            };
            int classes = dataset.classNames().size();
            StageTimer.requireWhole(new BackboneTrainer(backbone, how, watcher).train(images, classes));
        }
    }

    /** Whether the backbone is trained on trusted images alone. */
    private boolean trustedAlone() {
        return trusted != null && trusted.training().length >= ENOUGH_TRUSTED;
    }

    /** The images that train the backbone, with labels among the audited classes. None of them is held out. */
    private ImageBatch images(ConvBackbone backbone) {
        Trusted clean = trustedAlone() ? trusted : null;
        ImageDataset from = clean != null ? clean.dataset() : dataset;
        Split part = clean != null ? clean.split() : split;
        long[] ids = some(clean != null ? clean.training() : notHeldOut());
        try (StageTimer.Running running = timer.start(AuditStage.READ, ids.length)) {
            ImageBatch read = from.load(part, backbone.imageSize(), ids);
            running.progressed(ids.length);
            return clean != null ? new ImageBatch(read.pixels(), clean.labels(ids), ids) : read;
        }
    }

    private long[] notHeldOut() {
        long[] all = LongStream.range(0, dataset.size(split)).toArray();
        if (trusted == null || trusted.isOfOwn()) return all;
        Set<Long> held = new HashSet<>();
        for (long id : trusted.heldOut()) held.add(id);
        return Arrays.stream(all).filter(id -> !held.contains(id)).toArray();
    }

    private long[] some(long[] ids) {
        if (ids.length <= MOST_IMAGES) return ids;
        long[] order = new SplitMix(settings.seed()).permutation(ids.length);
        return Arrays.stream(order)
                .limit(MOST_IMAGES)
                .map(i -> ids[(int) i])
                .sorted()
                .toArray();
    }

    /** Names of all files and folders of these stages. */
    static List<String> outputs() {
        return Stream.concat(Embedder.outputs().stream(), Stream.of(BACKBONE, TRUSTED))
                .toList();
    }
}
