package org.gradmimic.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.Split;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.model.ConvBackbone;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
    @TempDir
    private Path folder;

    private static ImageDataset drawn(int train, int test) {
        return Datasets.openImages("drawn:classes=4,train=" + train + ",test=" + test);
    }

    private static DemoSettings quick(ImageDataset dataset) {
        return DemoSettings.of(dataset)
                .cleanShare(0.5)
                .backboneEpochs(15)
                .epochs(4)
                .build();
    }

    @Test
    void theOutputsAgreeWithEachOther() {
        ImageDataset dataset = drawn(1500, 300);
        List<DemoStage> finished = new ArrayList<>();
        DemoResult result = new Demo(dataset, quick(dataset), folder, new DemoListener() {
                    @Override
                    public void finished(DemoStage stage, double seconds) {
                        finished.add(stage);
                    }
                })
                .run()
                .orElseThrow();
        assertThat(finished).containsExactly(DemoStage.values());
        assertThat(result.seconds()).containsOnlyKeys(DemoStage.values());
        assertThat(List.of(result.cleanSamples(), result.noisySamples(), result.testSamples()))
                .containsExactly(750, 750, 300);
        assertThat(result.plain()).hasSize(4);
        assertThat(result.mimic()).hasSize(4);

        boolean[] corrupted = booleans(Demo.CORRUPTED);
        boolean[] keep = booleans(Demo.KEEP);
        assertThat(IntStream.range(0, 750).filter(i -> corrupted[i]).count()).isEqualTo(300);
        long[] labels = longs(Demo.LABELS);
        long[] samples = longs(Demo.SAMPLES);
        long[] all = dataset.labels(Split.TRAIN);
        for (int i = 0; i < 750; i++) {
            assertThat(labels[i] != all[(int) samples[i]]).isEqualTo(corrupted[i]);
        }
        assertThat(Arrays.stream(samples).distinct().count()).isEqualTo(750);

        ScoreLog log = ScoreLog.open(folder.resolve("scores"));
        assertThat(log.rows()).isEqualTo(4 * 750);
        float[][] weights = log.matrix(ScoreColumn.RELATIVE_WEIGHT, 750);
        for (int i = 0; i < keep.length; i++) {
            int votes = 0;
            for (float[] epoch : weights) votes += epoch[i] >= 1 ? 1 : -1;
            assertThat(keep[i]).isEqualTo(votes > 0);
        }
        assertThat(result.detection()).isEqualTo(Detection.of(keep, corrupted));
        // Guessing has 40 % precision: an F1 of 0.57 at most, where everything is discarded.
        assertThat(result.detection().f1()).isGreaterThan(0.7);

        assertThat(folder.resolve(Demo.CHART)).isNotEmptyFile();
        try (NpyFile weight = NpyFile.open(folder.resolve(Demo.REFERENCE_WEIGHT));
                ConvBackbone backbone = ConvBackbone.load(folder.resolve(Demo.BACKBONE))) {
            weight.requireShape(4, backbone.width());
        }
    }

    @Test
    void aStoppedDemoKeepsItsWholeFiles() {
        ImageDataset dataset = drawn(400, 50);
        boolean[] stop = {false};
        Optional<DemoResult> result = new Demo(dataset, quick(dataset), folder, new DemoListener() {
                    @Override
                    public void progressed(DemoStage stage, long done, long total) {
                        stop[0] |= stage == DemoStage.MIMIC && done == total / 2 + 3;
                    }

                    @Override
                    public boolean stopRequested() {
                        return stop[0];
                    }
                })
                .run();
        assertThat(result).isEmpty();
        assertThat(folder.resolve(Demo.KEEP)).doesNotExist();
        assertThat(folder.resolve(Demo.REFERENCE_WEIGHT)).isNotEmptyFile();
        // Two epochs of 200 samples, and three steps of the third.
        assertThat(ScoreLog.open(folder.resolve("scores")).rows()).isEqualTo(2 * 200 + 3 * 32);
    }

    /** Stopped in every stage in turn, each time a little further on, it ends as if it had never been. */
    @Test
    void aStoppedDemoContinuesAfterItsLastFinishedStage() throws Exception {
        ImageDataset dataset = drawn(400, 50);
        Path whole = Files.createDirectory(folder.resolve("whole"));
        Path stopped = Files.createDirectory(folder.resolve("stopped"));
        DemoResult expected = new Demo(dataset, quick(dataset), whole, new DemoListener() {})
                .run()
                .orElseThrow();

        List<DemoStage> begun = new ArrayList<>();
        for (DemoStage at :
                List.of(DemoStage.BACKBONE, DemoStage.EMBED, DemoStage.REFERENCE, DemoStage.PLAIN, DemoStage.MIMIC)) {
            boolean[] stop = {false};
            begun.clear();
            DemoListener listener = new DemoListener() {
                @Override
                public void started(DemoStage stage, long total) {
                    begun.add(stage);
                }

                @Override
                public void progressed(DemoStage stage, long done, long total) {
                    stop[0] |= stage == at && done >= total / 2;
                }

                @Override
                public boolean stopRequested() {
                    return stop[0];
                }
            };
            assertThat(new Demo(dataset, quick(dataset), stopped, listener).run())
                    .as("stopped in %s", at)
                    .isEmpty();
        }
        // The last of them had backbone and features already.
        assertThat(begun).containsExactly(DemoStage.REFERENCE, DemoStage.PLAIN, DemoStage.MIMIC);

        Demo demo = new Demo(dataset, quick(dataset), stopped, new DemoListener() {});
        DemoResult result = demo.run().orElseThrow();
        assertThat(result.detection()).isEqualTo(expected.detection());
        assertThat(DemoResult.finalAccuracy(result.plain())).isEqualTo(DemoResult.finalAccuracy(expected.plain()));
        demo.forget();
        try (var files = Files.list(stopped)) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.startsWith("."));
        }
        for (String name : List.of(
                Demo.BACKBONE,
                Demo.REFERENCE_WEIGHT,
                Demo.REFERENCE_BIAS,
                Demo.KEEP,
                "scores.npy",
                "sample_weights.npy")) {
            assertThat(stopped.resolve(name)).as(name).hasSameBinaryContentAs(whole.resolve(name));
        }
    }

    @Test
    void aDemoThatIsStoppedAtOnceWritesNothing() throws Exception {
        ImageDataset dataset = drawn(400, 50);
        Optional<DemoResult> result = new Demo(dataset, quick(dataset), folder, new DemoListener() {
                    @Override
                    public boolean stopRequested() {
                        return true;
                    }
                })
                .run();
        assertThat(result).isEmpty();
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void withoutATestSplitAPartOfTheTrainingImagesIsHeldOut() {
        ImageDataset dataset = drawn(100, 0);
        Division division = Division.of(dataset, 0.25, 1);
        assertThat(division.testSplit).isEqualTo(Split.TRAIN);
        assertThat(List.of(division.test.length, division.clean.length, division.noisy.length))
                .containsExactly(20, 20, 60);
        long[] together = IntStream.of(0, 1, 2)
                .mapToObj(i ->
                        List.of(division.test, division.clean, division.noisy).get(i))
                .flatMapToLong(Arrays::stream)
                .sorted()
                .toArray();
        assertThat(together).isEqualTo(IntStream.range(0, 100).asLongStream().toArray());
        assertThat(Division.of(dataset, 0.25, 1).noisy).isEqualTo(division.noisy);
        assertThat(Division.of(dataset, 0.25, 2).noisy).isNotEqualTo(division.noisy);
    }

    @Test
    void tooFewImagesAndWrongSettingsAreNamed() throws IOException {
        Path single = Files.createDirectories(folder.resolve("images/cat"));
        for (int i = 0; i < 20; i++) Files.createFile(single.resolve(i + ".png"));
        ImageDataset cats = Datasets.openImages("images:" + single.getParent());
        assertThatThrownBy(() -> new Demo(cats, quick(cats), folder, new DemoListener() {}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has 1 class");
        ImageDataset dataset = drawn(5, 5);
        assertThatThrownBy(() -> new Demo(dataset, DemoSettings.of(dataset).build(), folder, new DemoListener() {}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("5 training images are too few");
        assertThatThrownBy(() -> DemoSettings.of(dataset).noise(1)).hasMessageContaining("noise is 1.0");
        assertThatThrownBy(() -> DemoSettings.of(dataset).temperature(Double.NaN))
                .hasMessageContaining("temperature is NaN");
    }

    private boolean[] booleans(String name) {
        try (NpyFile file = NpyFile.open(folder.resolve(name))) {
            return file.readBooleans();
        }
    }

    private long[] longs(String name) {
        try (NpyFile file = NpyFile.open(folder.resolve(name))) {
            return file.readLongs();
        }
    }
}
