package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.ImageAugmentation.Crop;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ImageLoaderTest {
    private static final ImageSize SIZE = ImageSize.square(12);
    private static final int N = 41;

    @TempDir
    private Path folder;

    private Map<String, byte[]> files() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int i = 0; i < N; i++) {
            ImageSize own = new ImageSize(9 + i % 7, 20 - i % 5);
            files.put(
                    "c" + i % 3 + "/" + (100 + i) + ".png",
                    TestImages.encode(TestImages.randomRgb(own, i), own, ".png"));
        }
        return files;
    }

    private ImageDataset images() throws IOException {
        Path root = folder.resolve("images");
        TestImages.writeFolder(root, files());
        return Datasets.openImages("images:" + root);
    }

    /** All images of an epoch, in the order in which they came. */
    private static List<String> epoch(ImageLoader loader, long[] order, long epoch, int first) {
        List<String> found = new ArrayList<>();
        loader.start(order, epoch, first);
        for (ImageBatch batch = loader.next(); batch != null; batch = loader.next()) {
            for (int i = 0; i < batch.size(); i++) {
                byte[] pixels = new byte[SIZE.rgbBytes()];
                batch.pixels().get(i * pixels.length, pixels);
                found.add(batch.ids()[i] + " " + batch.labels()[i] + " " + Arrays.hashCode(pixels));
            }
        }
        return found;
    }

    private static ImageLoader.Builder builder(ImageDataset dataset, Crop crop) {
        return ImageLoader.builder(dataset, Split.TRAIN, SIZE)
                .batchSize(6)
                .seed(5)
                .augmentation(new ImageAugmentation(crop, 2, 0.2, 0.5));
    }

    @ParameterizedTest
    @EnumSource(Crop.class)
    void threadsDoNotChangeWhatItReturns(Crop crop) throws IOException {
        ImageDataset dataset = images();
        long[] order = new SplitMix(3).permutation(N);
        List<String> expected;
        try (ImageLoader one = builder(dataset, crop).workers(1).prefetch(1).open()) {
            expected = epoch(one, order, 1, 0);
            assertThat(expected).hasSize(N);
            assertThat(epoch(one, order, 1, 0)).as("again").isEqualTo(expected);
            List<String> other = epoch(one, order, 2, 0);
            assertThat(other).as("another epoch varies them otherwise").isNotEqualTo(expected);
        }
        try (ImageLoader several = builder(dataset, crop).workers(4).prefetch(3).open()) {
            assertThat(epoch(several, order, 1, 0)).isEqualTo(expected);
            assertThat(epoch(several, order, 1, 3))
                    .as("from the fourth batch on")
                    .isEqualTo(expected.subList(18, N));
            several.start(order, 2, 0);
            several.next();
            assertThat(epoch(several, order, 1, 0))
                    .as("after an epoch that was given up")
                    .isEqualTo(expected);
        }
        try (ImageLoader seed = builder(dataset, crop).seed(6).open()) {
            assertThat(epoch(seed, order, 1, 0)).as("another seed").isNotEqualTo(expected);
        }
    }

    @Test
    void allSourcesGiveTheSamePixelsAsTheirStream() throws IOException {
        Path tar = Files.write(folder.resolve("images.tar"), TestImages.tar(files()));
        Path zipped = Files.write(folder.resolve("images.tar.gz"), TestImages.gzip(TestImages.tar(files())));
        Path zip = Files.write(folder.resolve("images.zip"), TestImages.zip(files()));
        images();
        StringBuilder manifest = new StringBuilder("path,label\n");
        files().keySet()
                .forEach(name -> manifest.append(name)
                        .append(",")
                        .append(name, 0, name.indexOf('/'))
                        .append("\n"));
        Path table = Files.writeString(folder.resolve("table.csv"), manifest);
        for (String spec : List.of(
                "images:" + folder.resolve("images"),
                "images:" + tar,
                "images:" + zipped,
                "images:" + zip,
                "images:" + table + ",root=" + zip,
                "images:" + table + ",root=" + folder.resolve("images"),
                "drawn:classes=3,train=41")) {
            ImageDataset dataset = Datasets.openImages(spec);
            TestImages.Contents stream = TestImages.readAll(dataset, Split.TRAIN, SIZE, 7);
            long[] order = new SplitMix(3).permutation(N);
            try (ImageLoader loader =
                    ImageLoader.builder(dataset, Split.TRAIN, SIZE).workers(2).open()) {
                loader.start(order, 0, 0);
                int at = 0;
                for (ImageBatch batch = loader.next(); batch != null; batch = loader.next()) {
                    for (int i = 0; i < batch.size(); i++, at++) {
                        byte[] pixels = new byte[SIZE.rgbBytes()];
                        batch.pixels().get(i * pixels.length, pixels);
                        assertThat(batch.ids()[i]).isEqualTo(order[at]);
                        assertThat(pixels)
                                .as("%s, sample %d", spec, order[at])
                                .isEqualTo(stream.pixels()[(int) order[at]]);
                        assertThat(batch.labels()[i]).isEqualTo(stream.labels()[(int) order[at]]);
                    }
                }
                assertThat(at).isEqualTo(N);
            }
        }
    }

    @Test
    void skipsOrFailsAtDamagedImages() throws IOException {
        ImageDataset dataset = images();
        long[] order = LongStream.range(0, N).toArray();
        Path bad = folder.resolve("images").resolve(dataset.sampleName(Split.TRAIN, 13));
        Files.write(bad, new byte[] {1, 2, 3});
        try (ImageLoader loader = builder(dataset, Crop.NONE).workers(2).open()) {
            assertThatThrownBy(() -> epoch(loader, order, 0, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(bad.toString());
        }
        try (ImageLoader loader = builder(dataset, Crop.NONE)
                .workers(2)
                .onDamage(ImageLoader.OnDamage.SKIP)
                .open()) {
            List<String> found = epoch(loader, order, 0, 0);
            assertThat(found).hasSize(N - 1).noneMatch(line -> line.startsWith("13 "));
            assertThat(loader.damaged()).containsOnlyKeys(13L);
            assertThat(loader.damaged().get(13L)).contains(bad.toString());
        }
    }

    @Test
    void returnsTheGivenLabels() throws IOException {
        ImageDataset dataset = images();
        long[] labels = new long[N];
        for (int i = 0; i < N; i++) labels[i] = 1000 + i;
        try (ImageLoader loader = builder(dataset, Crop.NONE).labels(labels).open()) {
            assertThat(epoch(loader, new long[] {4, 9}, 0, 0))
                    .anyMatch(line -> line.startsWith("4 1004 "))
                    .anyMatch(line -> line.startsWith("9 1009 "));
        }
        assertThatThrownBy(() -> builder(dataset, Crop.NONE).labels(new long[3]).open())
                .hasMessageContaining("3 labels for 41 samples");
    }

    @Test
    void flipsAsOftenAsAsked() throws IOException {
        ImageDataset dataset = images();
        long[] order = LongStream.range(0, N).toArray();
        try (ImageLoader never = ImageLoader.builder(dataset, Split.TRAIN, SIZE).open();
                ImageLoader always = ImageLoader.builder(dataset, Split.TRAIN, SIZE)
                        .augmentation(new ImageAugmentation(Crop.NONE, 0, 1, 1))
                        .open()) {
            never.start(order, 0, 0);
            always.start(order, 0, 0);
            for (ImageBatch a = never.next(); a != null; a = never.next()) {
                ImageBatch b = always.next();
                for (int i = 0; i < a.size(); i++) {
                    for (int y = 0; y < 12; y++) {
                        for (int x = 0; x < 12; x++) {
                            for (int c = 0; c < 3; c++) {
                                byte left = a.pixels().get(((i * 12 + y) * 12 + x) * 3 + c);
                                byte right = b.pixels().get(((i * 12 + y) * 12 + 11 - x) * 3 + c);
                                assertThat(left).isEqualTo(right);
                            }
                        }
                    }
                }
            }
        }
    }
}
