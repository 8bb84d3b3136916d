package org.gradmimic.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.CpuThreads;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageAugmentation.Crop;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageLoader;
import org.gradmimic.data.LabelNoise;
import org.gradmimic.data.Split;
import org.gradmimic.device.Host;
import org.gradmimic.layer.Parameters;
import org.gradmimic.layer.PlainLayers;
import org.gradmimic.model.ImageClassifier;
import org.gradmimic.model.ModelWeights;
import org.gradmimic.model.PixelNormalisation;
import org.gradmimic.model.ResNet;
import org.gradmimic.model.VisionTransformer;
import org.gradmimic.model.Weights;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.train.OptimizerSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small networks on drawn letters: 4 classes of 16×16 pixels. */
class TrainerTest {
    private static final ImageDataset LETTERS = Datasets.openImages("drawn:classes=4,train=50,test=12,size=16");
    private static final int BATCH = 16;
    private static final int STEPS = 4; // an epoch: 16 + 16 + 16 + 2

    @TempDir
    private Path folder;

    private int threads;

    /** The networks are so small that two threads would mostly wait for each other. */
    @BeforeEach
    void useOneThread() {
        threads = CpuThreads.libTorch();
        CpuThreads.limit(1);
    }

    @AfterEach
    void useAllThreads() {
        CpuThreads.limit(threads);
    }

    private static ImageClassifier resnet() {
        return new ResNet(false, new ResNet.Blocks(1, 1, 1, 1), 4, 16, true, 4);
    }

    private static TrainSettings.Builder settings(TrainMode mode) {
        return TrainSettings.of(mode)
                .epochs(3)
                .batchSize(BATCH)
                .learningRate(0.01)
                .crop(Crop.SHIFT)
                .seed(3);
    }

    /** Everything that a run left, without times. */
    private static List<String> content(Path out) throws IOException {
        List<String> content = new ArrayList<>();
        for (String name : List.of(TrainFolder.LAST, TrainFolder.BEST)) {
            content.add(name + " " + Arrays.hashCode(Files.readAllBytes(out.resolve(name))));
        }
        Files.readAllLines(out.resolve(TrainFolder.METRICS))
                .forEach(line -> content.add(line.replaceAll("\"(evaluation_)?(seconds|waited)\":[^,}]*", "")));
        ScoreLog.open(out.resolve(TrainFolder.LOG))
                .forEachRow((id, epoch, step, score, weight, relative, loss) ->
                        content.add(id + " " + epoch + " " + step + " " + score + " " + weight + " " + loss));
        return content;
    }

    /** Stops before a step, counted over the whole run; negative: never. */
    private record StopAt(long step, long[] done) implements TrainListener {
        StopAt(long step) {
            this(step, new long[1]);
        }

        @Override
        public void stepped(long steps, long totalSteps) {
            done[0] = steps;
        }

        @Override
        public boolean stopRequested() {
            return step >= 0 && done[0] >= step;
        }
    }

    private TrainResult run(TrainSettings settings, Path out, long stopAt) throws IOException {
        Files.createDirectories(out);
        ImageClassifier model = resnet();
        TrainData data = TrainData.of(LETTERS, LabelNoise.symmetric(LETTERS.labels(Split.TRAIN), 4, 0.3, 1));
        try (ModelWeights initial = ModelWeights.random(model, settings.seed());
                ModelWeights reference = ModelWeights.random(model, 99);
                Trainer trainer = Trainer.builder(model, initial, data, settings)
                        .reference(reference)
                        .folder(new TrainFolder(out))
                        .listener(new StopAt(stopAt))
                        .build()) {
            return trainer.run();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "PLAIN, ADAMW, '', 1, 1",
        "PLAIN, SGD, '', 1, 2",
        "MIMIC, ADAMW, '', 1, 2",
        "MIMIC, SGD, '', along, 1",
        "MIMIC, SGD, top:0.5, 8, 1"
    })
    void anInterruptedRunContinuesToTheSameBits(
            TrainMode mode, OptimizerSettings.Kind optimizer, String keep, String scale, int accumulated)
            throws IOException {
        TrainSettings.Builder builder = settings(mode)
                .optimizer(optimizer)
                .mimicLayer("fc.weight,layer4.*")
                .startingEpoch(1)
                .set("reference-scale", scale)
                .set("sched", "cosine")
                .set("grad-accum-steps", Integer.toString(accumulated))
                .set("checkpoint-steps", "2");
        if (!keep.isEmpty()) builder.keep(keep);
        if (accumulated > 1) builder.set("model-ema-decay", "0.9");
        TrainSettings settings = builder.build();
        TrainResult whole = run(settings, folder.resolve("whole"), -1);
        assertThat(whole.stopped()).isFalse();
        assertThat(whole.epochs()).hasSize(3);
        List<String> expected = content(folder.resolve("whole"));
        assertThat(expected).as("two files, three epochs, 50 rows each").hasSize(2 + 3 + 3 * 50);
        for (int[] stops : new int[][] {{1}, {STEPS}, {STEPS + 3, 2 * STEPS + 1}}) {
            Path out = folder.resolve("stopped" + stops[0]);
            for (int stop : stops)
                assertThat(run(settings, out, stop).stopped()).isTrue();
            assertThat(run(settings, out, -1).epochs()).hasSize(3);
            assertThat(content(out)).as("stopped at %s", Arrays.toString(stops)).isEqualTo(expected);
        }
    }

    /** The same training written by hand: order, variations, rate, clipping and loss. */
    @Test
    void plainTrainingEqualsALoopWrittenByHand() {
        TrainSettings settings = settings(TrainMode.PLAIN)
                .optimizer(OptimizerSettings.Kind.SGD)
                .epochs(2)
                .set("sched", "step")
                .set("decay-epochs", "1")
                .set("warmup-epochs", "0.5")
                .set("clip-grad", "0.7")
                .build();
        ImageClassifier model = resnet();
        try (ModelWeights initial = ModelWeights.random(model, 3);
                Trainer trainer = Trainer.builder(model, initial, TrainData.of(LETTERS), settings)
                        .build();
                Parameters mine = copy(initial.parameters());
                PointerScope scope = new PointerScope()) {
            double[] rates = {0, 0.005, 0.01, 0.01, 0.001, 0.001, 0.001, 0.001};
            TensorVector trained =
                    new TensorVector(mine.trained().stream().map(mine::tensor).toArray(Tensor[]::new));
            SGDOptions options = new SGDOptions(0.01);
            options.momentum().put(0.9);
            options.weight_decay().put(1e-5);
            SGD optimizer = new SGD(trained, options);
            PlainLayers layers = new PlainLayers(mine, true);
            try (ImageLoader loader = ImageLoader.builder(LETTERS, Split.TRAIN, model.imageSize())
                    .batchSize(BATCH)
                    .seed(3)
                    .augmentation(settings.input().augmentation())
                    .open()) {
                for (int step = 0; step < 2 * STEPS; step++) {
                    int epoch = step / STEPS;
                    if (step % STEPS == 0)
                        loader.start(SplitMix.of(3, epoch, -1).permutation(50), epoch, 0);
                    ImageBatch batch = loader.next();
                    Tensor x = PixelNormalisation.of(0.5, 0.5).of(batch, model.imageSize());
                    Tensor loss =
                            torch.cross_entropy(model.logits(layers, x), Tensors.of(batch.labels(), batch.size()));
                    optimizer.zero_grad();
                    loss.backward();
                    double squared = 0;
                    for (String name : mine.trained()) {
                        Tensor grad = mine.tensor(name).grad();
                        squared += grad.mul(grad).sum().item_double();
                    }
                    double norm = Math.sqrt(squared);
                    if (norm > 0.7) {
                        for (String name : mine.trained()) {
                            mine.tensor(name).grad().mul_(new Scalar(0.7 / norm));
                        }
                    }
                    optimizer.param_groups().get(0).options().set_lr(rates[step]);
                    optimizer.step();
                }
            }
            TrainResult result = trainer.run();
            assertThat(result.epochs()).hasSize(2);
            try (NoGradGuard noGrad = new NoGradGuard()) {
                for (String name : mine.names()) {
                    Tensor difference = trainer.parameters()
                            .tensor(name)
                            .sub(mine.tensor(name))
                            .abs()
                            .max();
                    // The norm of the gradient is summed in another order; eight steps make little of that.
                    assertThat(difference.item_double()).as(name).isLessThan(1e-4);
                }
            }
        }
    }

    private static Parameters copy(Parameters initial) {
        try (PointerScope scope = new PointerScope()) {
            var tensors = new java.util.LinkedHashMap<String, Tensor>();
            for (String name : initial.names()) {
                boolean buffer = name.endsWith("running_mean") || name.endsWith("running_var");
                tensors.put(name, initial.tensor(name).clone().set_requires_grad(!buffer));
            }
            return Parameters.of(tensors);
        }
    }

    @Test
    void aViTLearnsLettersAndReportsIt() {
        TrainSettings settings =
                settings(TrainMode.PLAIN).epochs(40).learningRate(1e-3).build();
        ImageDataset letters = Datasets.openImages("drawn:classes=2,train=64,test=32,size=16");
        ImageClassifier model = VisionTransformer.builder()
                .side(16)
                .patchSize(4)
                .layers(2)
                .heads(2)
                .width(32)
                .mlpWidth(64)
                .classes(2)
                .build();
        try (ModelWeights initial = ModelWeights.random(model, 1);
                Trainer trainer = Trainer.builder(model, initial, TrainData.of(letters), settings)
                        .build()) {
            TrainResult result = trainer.run();
            EpochReport first = result.epochs().get(0);
            EpochReport last = result.epochs().get(39);
            assertThat(last.loss()).isLessThan(0.75 * first.loss());
            assertThat(last.trainAccuracy()).isGreaterThan(0.7);
            assertThat(last.top1()).isBetween(0.0, 1.0);
            assertThat(last.top5()).isNaN();
            assertThat(last.samples()).isEqualTo(64);
            assertThat(last.downWeighted()).as("no scores").isNaN();
            assertThat(result.bestEpoch()).isBetween(0, 39);
        }
    }

    private static ImageClassifier vit() {
        return VisionTransformer.builder()
                .side(16)
                .patchSize(4)
                .layers(2)
                .heads(2)
                .width(32)
                .mlpWidth(64)
                .classes(4)
                .build();
    }

    /** Without batch normalisation, the sum over batches is that over one of all their samples. */
    @Test
    void accumulatedGradientsAreThoseOfALargerBatch() {
        List<Tensor> results = new ArrayList<>();
        try (PointerScope scope = new PointerScope()) {
            for (int accumulated : new int[] {1, 3}) {
                TrainSettings settings = settings(TrainMode.PLAIN)
                        .optimizer(OptimizerSettings.Kind.SGD)
                        .batchSize(24 / accumulated)
                        .set("grad-accum-steps", Integer.toString(accumulated))
                        .build();
                ImageClassifier model = vit();
                try (ModelWeights initial = ModelWeights.random(model, 3);
                        Trainer trainer = Trainer.builder(model, initial, TrainData.of(LETTERS), settings)
                                .build()) {
                    trainer.run();
                    for (String name : trainer.parameters().trained()) {
                        results.add(trainer.parameters().tensor(name).detach().clone());
                    }
                }
            }
            int n = results.size() / 2;
            for (int i = 0; i < n; i++) {
                Tensor difference = results.get(i).sub(results.get(n + i)).abs().max();
                // Nine steps in single precision.
                assertThat(difference.item_double()).as("parameter %d", i).isLessThan(1e-5);
            }
        }
    }

    @Test
    void theAverageFollowsEveryStep() throws IOException {
        TrainSettings settings =
                settings(TrainMode.PLAIN).set("model-ema-decay", "0.8").build();
        ImageClassifier model = resnet();
        Path out = Files.createDirectories(folder.resolve("average"));
        try (PointerScope scope = new PointerScope();
                ModelWeights initial = ModelWeights.random(model, 3)) {
            double[] expected = Host.doubles(initial.parameters().tensor("fc.weight"));
            Trainer[] running = new Trainer[1];
            TrainListener listener = new TrainListener() {
                @Override
                public void stepped(long steps, long totalSteps) {
                    double[] now = Host.doubles(running[0].parameters().tensor("fc.weight"));
                    for (int i = 0; i < now.length; i++) expected[i] = 0.8 * expected[i] + 0.2 * now[i];
                }
            };
            try (Trainer trainer = Trainer.builder(model, initial, TrainData.of(LETTERS), settings)
                    .listener(listener)
                    .folder(new TrainFolder(out))
                    .build()) {
                running[0] = trainer;
                trainer.run();
            }
            try (Weights saved = Weights.open(out.resolve(TrainFolder.LAST))) {
                double[] found = Host.doubles(saved.tensor("fc.weight"));
                for (int i = 0; i < found.length; i++) assertThat(found[i]).isCloseTo(expected[i], within(1e-6));
            }
        }
    }

    @Test
    void mixedPrecisionIsNearSinglePrecision() throws IOException {
        TrainSettings.Builder settings = settings(TrainMode.MIMIC).epochs(1).learningRate(0);
        run(settings.build(), folder.resolve("single"), -1);
        run(settings.set("precision", "amp_bf16").build(), folder.resolve("mixed"), -1);
        float[][] single = ScoreLog.open(folder.resolve("single/scores")).matrix(ScoreColumn.LOSS);
        float[][] mixed = ScoreLog.open(folder.resolve("mixed/scores")).matrix(ScoreColumn.LOSS);
        int different = 0;
        for (int i = 0; i < 50; i++) {
            // bfloat16 has 8 bits, and ten layers add their errors up.
            assertThat(mixed[0][i]).as("sample %d", i).isCloseTo(single[0][i], within(0.1f));
            if (mixed[0][i] != single[0][i]) different++;
        }
        assertThat(different).as("samples that notice the precision").isGreaterThan(25);
    }

    @Test
    void selectiveBackwardKeepsTheHighestScores() throws IOException {
        Path out = folder.resolve("kept");
        TrainSettings settings =
                settings(TrainMode.MIMIC).keep("top:0.25").epochs(1).build();
        EpochReport report = run(settings, out, -1).epochs().get(0);
        List<float[]> rows = new ArrayList<>();
        ScoreLog.open(out.resolve(TrainFolder.LOG))
                .forEachRow((id, epoch, step, score, weight, relative, loss) ->
                        rows.add(new float[] {step, score, weight}));
        for (int step = 0; step < STEPS; step++) {
            int of = step;
            List<float[]> batch = rows.stream()
                    .filter(row -> row[0] == of)
                    .sorted((a, b) -> Float.compare(b[1], a[1]))
                    .toList();
            int kept = (int) Math.ceil(batch.size() / 4.0);
            for (int i = 0; i < batch.size(); i++) {
                assertThat(batch.get(i)[2]).as("step %d, rank %d", step, i).isEqualTo(i < kept ? 1f / kept : 0f);
            }
        }
        assertThat(report.kept()).isEqualTo(13 / 50.0);
        Path positive = folder.resolve("positive");
        run(settings(TrainMode.MIMIC).keep("score>0").epochs(1).build(), positive, -1);
        ScoreLog.open(positive.resolve(TrainFolder.LOG))
                .forEachRow((id, epoch, step, score, weight, relative, loss) ->
                        assertThat(weight > 0).as("score %s", score).isEqualTo(score > 0));
    }

    @Test
    void writesDownWhichLabelsWereChanged() throws IOException {
        Path out = folder.resolve("noisy");
        run(settings(TrainMode.PLAIN).epochs(1).build(), out, -1);
        List<String> lines = Files.readAllLines(out.resolve(TrainFolder.CHANGED_LABELS));
        LabelNoise noise = LabelNoise.symmetric(LETTERS.labels(Split.TRAIN), 4, 0.3, 1);
        List<String> expected = new ArrayList<>(List.of("id,path,given_label,true_label"));
        for (int i = 0; i < 50; i++) {
            if (!noise.noisy()[i]) continue;
            expected.add(i + "," + LETTERS.sampleName(Split.TRAIN, i) + "," + noise.labels()[i] + ","
                    + LETTERS.labels(Split.TRAIN)[i]);
        }
        assertThat(lines).hasSize(1 + 15).isEqualTo(expected);
    }

    @Test
    void refusesADamagedCheckpointAndADivergedModel() throws IOException {
        Path out = folder.resolve("out");
        run(settings(TrainMode.PLAIN).build(), out, 1);
        Files.write(out.resolve(".checkpoint"), new byte[100]);
        assertThatThrownBy(() -> run(settings(TrainMode.PLAIN).build(), out, -1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(".checkpoint");
        assertThatThrownBy(() -> run(
                        settings(TrainMode.PLAIN)
                                .optimizer(OptimizerSettings.Kind.SGD)
                                .learningRate(1e30)
                                .build(),
                        folder.resolve("diverged"),
                        -1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("diverged");
        assertThatThrownBy(() -> settings(TrainMode.MIMIC).startingEpoch(3).build())
                .isInstanceOf(SettingException.class);
    }
}
