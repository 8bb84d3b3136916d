package org.gradmimic.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.LabelNoise;
import org.gradmimic.data.Split;
import org.gradmimic.demo.DemoState.Features;
import org.gradmimic.device.Device;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.model.BackboneTrainer;
import org.gradmimic.model.BackboneTrainerListener;
import org.gradmimic.model.ConvBackbone;
import org.gradmimic.model.EmbedListener;
import org.gradmimic.model.Embedder;
import org.gradmimic.report.Chart;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.Selector;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Binarizer;
import org.gradmimic.train.Mode;
import org.gradmimic.train.Probe;
import org.gradmimic.train.ProbeData;
import org.gradmimic.train.ProbeListener;
import org.gradmimic.train.ProbeRecorder;
import org.gradmimic.train.ProbeResult;

/**
 * Shows the whole method on a data set of images. It trains a backbone briefly on a clean part, embeds the other images
 * and corrupts their labels. It trains a reference head on the clean part, and the same head on the corrupted labels
 * twice: plainly and with Grad-Mimic. Finally it turns the logged weights into a filter.
 *
 * <p>Every stage leaves its files in the output folder as soon as they are whole; see docs/demo.md. In the folder of an
 * interrupted demo with the same data set and settings, it continues after the last finished stage, and in the training
 * of a head after the last finished epoch. The same settings and number of threads give the same numbers.
 */
public final class Demo {
    public static final String BACKBONE = "backbone.safetensors";
    public static final String SAMPLES = "samples.npy";
    public static final String LABELS = "labels.npy";
    public static final String CORRUPTED = "corrupted.npy";
    public static final String REFERENCE_WEIGHT = "reference_weight.npy";
    public static final String REFERENCE_BIAS = "reference_bias.npy";
    public static final String KEEP = "keep.npy";
    /** Absent on a machine where Java finds no font; see {@link Chart#canDraw}. */
    public static final String CHART = "chart.png";

    /** A sample is kept if its weight is at least that in plain training, 1/B. */
    private static final float THRESHOLD = 1;

    private static final int EMBED_BATCH = 256;

    private final Device device;
    private final ImageDataset dataset;
    private final DemoSettings settings;
    private final Path folder;
    private final DemoListener listener;
    private final DemoState state;
    private final int classes;
    private final Division division;
    private final long[] trainLabels;
    private final Map<DemoStage, Double> seconds = new EnumMap<>(DemoStage.class);

    /** A demo with heads on the CPU; see the other constructor. */
    public Demo(ImageDataset dataset, DemoSettings settings, Path folder, DemoListener listener) {
        this(Device.CPU, dataset, settings, folder, listener);
    }

    /**
     * @param device the device on which the heads are trained; the backbone is always on the CPU
     * @param folder must exist and be writable, and contain either nothing or what an interrupted demo left
     * @throws InputException if the data set has too few images, or a single class
     */
    public Demo(Device device, ImageDataset dataset, DemoSettings settings, Path folder, DemoListener listener) {
        this.device = device;
        this.dataset = dataset;
        this.settings = settings;
        this.folder = folder;
        this.listener = listener;
        state = new DemoState(folder);
        classes = dataset.classNames().size();
        if (classes < 2) {
            throw new InputException("data set '" + dataset.spec() + "': has " + classes
                    + " class; the demo needs others to move labels to");
        }
        division = Division.of(dataset, settings.cleanShare(), settings.seed());
        trainLabels = dataset.labels(Split.TRAIN);
    }

    /**
     * Runs to the end.
     *
     * @return empty if the listener asked to stop; what was finished until then is in the folder
     * @throws InputException if an image is damaged or a file cannot be written
     */
    public Optional<DemoResult> run() {
        try (PointerScope scope = new PointerScope()) {
            return Optional.of(stages());
        } catch (CancellationException e) {
            return Optional.empty();
        }
    }

    /** Names of all files and folders that a demo, finished or not, writes to its folder. */
    public static Set<String> outputs() {
        Set<String> names = new HashSet<>(
                List.of(BACKBONE, SAMPLES, LABELS, CORRUPTED, REFERENCE_WEIGHT, REFERENCE_BIAS, KEEP, CHART));
        names.addAll(ProbeRecorder.outputs());
        names.addAll(DemoState.files());
        return names;
    }

    /**
     * Removes the files that are only needed to continue after an interruption. Call this once all results are written.
     */
    public void forget() {
        state.delete();
    }

    private DemoResult stages() {
        Features features = state.features();
        if (features == null) {
            try (ConvBackbone backbone = backbone()) {
                features = embed(backbone);
            }
            state.keep(features);
        }
        Tensor cleanLabels = tensor(Division.pick(trainLabels, division.clean));
        Tensor testLabels = tensor(Division.pick(dataset.labels(division.testSplit), division.test));
        long[] trueLabels = Division.pick(trainLabels, division.noisy);
        LabelNoise noise = LabelNoise.symmetric(trueLabels, classes, settings.noise(), settings.seed());
        NpyWriter.write(folder.resolve(SAMPLES), division.noisy, division.noisy.length);
        NpyWriter.write(folder.resolve(LABELS), noise.labels(), noise.labels().length);
        NpyWriter.write(folder.resolve(CORRUPTED), noise.noisy(), noise.noisy().length);

        ProbeData clean = ProbeData.builder()
                .features(features.clean())
                .labels(cleanLabels)
                .test(features.test(), testLabels)
                .classes(classes)
                .build();
        ProbeResult reference = plain(DemoStage.REFERENCE, clean);
        long width = features.clean().size(1);
        NpyWriter.write(folder.resolve(REFERENCE_WEIGHT), reference.weight(), classes, width);
        NpyWriter.write(folder.resolve(REFERENCE_BIAS), reference.bias(), classes);

        ProbeData noisy = ProbeData.builder()
                .features(features.noisy())
                .labels(tensor(noise.labels()))
                .referenceWeight(Tensors.of(reference.weight(), classes, width))
                .referenceBias(Tensors.of(reference.bias(), classes))
                .trueLabels(tensor(trueLabels))
                .test(features.test(), testLabels)
                .classes(classes)
                .build();
        ProbeResult plain = plain(DemoStage.PLAIN, noisy);
        ProbeResult mimic = mimic(noisy);
        Detection detection = filter(noise.noisy(), reference, plain, mimic);
        return new DemoResult(
                dataset.spec(),
                settings,
                classes,
                division.clean.length,
                division.noisy.length,
                division.test.length,
                reference.epochs(),
                plain.epochs(),
                mimic.epochs(),
                detection,
                seconds);
    }

    private static Tensor tensor(long[] labels) {
        return Tensors.of(labels, labels.length);
    }

    private ConvBackbone backbone() {
        Path file = folder.resolve(BACKBONE);
        if (Files.exists(file)) return ConvBackbone.load(file);
        ConvBackbone backbone = ConvBackbone.random(ConvBackbone.imageSizeFor(dataset), settings.seed());
        try {
            train(backbone);
            return backbone;
        } catch (RuntimeException e) {
            backbone.close();
            throw e;
        }
    }

    private void train(ConvBackbone backbone) {
        ImageBatch images;
        try (Timer timer = new Timer(DemoStage.READ, division.clean.length)) {
            images = dataset.load(Split.TRAIN, backbone.imageSize(), division.clean);
            timer.progressed(division.clean.length);
        }
        long steps = BackboneTrainer.steps(settings.trainer(), images.size());
        try (Timer timer = new Timer(DemoStage.BACKBONE, steps)) {
            BackboneTrainerListener watcher = new BackboneTrainerListener() {
                @Override
                public void stepped(long done, long total, double loss) {
                    timer.progressed(done);
                }

                @Override
                public boolean stopRequested() {
                    return listener.stopRequested();
                }
            };
            if (!new BackboneTrainer(backbone, settings.trainer(), watcher).train(images, classes)) stop();
        }
        backbone.save(folder.resolve(BACKBONE));
    }

    private Features embed(ConvBackbone backbone) {
        Part clean = new Part(division.clean, backbone.width());
        Part noisy = new Part(division.noisy, backbone.width());
        Part test = new Part(division.test, backbone.width());
        int train = dataset.size(Split.TRAIN);
        boolean testApart = division.testSplit != Split.TRAIN;
        try (Timer timer = new Timer(DemoStage.EMBED, train + (testApart ? division.test.length : 0))) {
            List<Part> ofTrain = testApart ? List.of(clean, noisy) : List.of(clean, noisy, test);
            embed(backbone, Split.TRAIN, ofTrain, timer, 0);
            if (testApart) embed(backbone, division.testSplit, List.of(test), timer, train);
        }
        return new Features(clean.features(), noisy.features(), test.features());
    }

    private void embed(ConvBackbone backbone, Split split, List<Part> parts, Timer timer, long before) {
        EmbedListener watcher = new EmbedListener() {
            @Override
            public void embedded(long images, long total) {
                timer.progressed(before + images);
            }

            @Override
            public boolean stopRequested() {
                return listener.stopRequested();
            }
        };
        Embedder embedder = new Embedder(backbone, EMBED_BATCH);
        if (!embedder.embed(dataset, split, (ids, rows) -> parts.forEach(part -> part.take(ids, rows)), watcher))
            stop();
    }

    private ProbeResult plain(DemoStage stage, ProbeData data) {
        try (Timer timer = new Timer(stage, steps(data))) {
            return probe(stage, data, Mode.SGD, watcher(timer));
        }
    }

    private ProbeResult mimic(ProbeData data) {
        try (Timer timer = new Timer(DemoStage.MIMIC, steps(data));
                ProbeRecorder recorder = recorder(data.samples(), watcher(timer))) {
            ProbeResult result = probe(DemoStage.MIMIC, data, Mode.MIMIC, recorder);
            recorder.commit();
            return result;
        }
    }

    private ProbeRecorder recorder(int samples, ProbeListener watcher) {
        int finished = state.head(DemoStage.MIMIC).finishedEpochs();
        return Files.exists(folder.resolve(ProbeRecorder.LOG))
                ? ProbeRecorder.resume(folder, settings.epochs(), samples, watcher, finished)
                : new ProbeRecorder(folder, settings.epochs(), samples, watcher);
    }

    private long steps(ProbeData data) {
        return ((long) data.samples() + settings.batchSize() - 1) / settings.batchSize() * settings.epochs();
    }

    private ProbeListener watcher(Timer timer) {
        return new HeadWatcher(timer::progressed, listener::stopRequested);
    }

    private ProbeResult probe(DemoStage stage, ProbeData data, Mode mode, ProbeListener watcher) {
        ProbeResult result = new Probe(device, data, settings.probe(mode), watcher).run(state.head(stage));
        if (result.stopped()) stop();
        return result;
    }

    private Detection filter(boolean[] corrupted, ProbeResult reference, ProbeResult plain, ProbeResult mimic) {
        try (Timer timer = new Timer(DemoStage.FILTER, 2)) {
            ScoreLog log = ScoreLog.open(folder.resolve(ProbeRecorder.LOG));
            Scores weights = Scores.of(log.matrix(ScoreColumn.RELATIVE_WEIGHT, corrupted.length));
            boolean[] keep = new Selector(
                            weights, FilterSpec.of(Binarizer.threshold(THRESHOLD), VoteAggregation.MAJORITY))
                    .run()
                    .filter()
                    .toBooleans();
            NpyWriter.write(folder.resolve(KEEP), keep, keep.length);
            timer.progressed(1);
            float[] scores = new float[corrupted.length];
            Scores.of(log.matrix(ScoreColumn.SCORE, corrupted.length)).mean().read(0, 0, scores.length, scores);
            if (Chart.canDraw()) {
                DemoChart.write(
                        folder.resolve(CHART), reference.epochs(), plain.epochs(), mimic.epochs(), scores, corrupted);
            }
            timer.progressed(2);
            return Detection.of(keep, corrupted);
        }
    }

    private static void stop() {
        throw new CancellationException("the listener asked to stop");
    }

    /** Reports the start, progress and end of a stage to the listener, and records its duration. */
    private final class Timer implements AutoCloseable {
        private final DemoStage stage;
        private final long total;
        private final long begin = System.nanoTime();

        Timer(DemoStage stage, long total) {
            this.stage = stage;
            this.total = total;
            listener.started(stage, total);
        }

        void progressed(long done) {
            listener.progressed(stage, done, total);
        }

        @Override
        public void close() {
            double taken = (System.nanoTime() - begin) * 1e-9;
            seconds.put(stage, taken);
            listener.finished(stage, taken);
        }
    }
}
