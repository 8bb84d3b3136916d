package org.gradmimic.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SplitMix;
import org.gradmimic.data.Datasets;
import org.gradmimic.data.FeatureDataset;
import org.gradmimic.data.ImageBatch;
import org.gradmimic.data.ImageDataset;
import org.gradmimic.data.ImageSize;
import org.gradmimic.data.Split;
import org.gradmimic.device.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmbedderTest {
    private static final int SAMPLES = 53;

    @TempDir
    private Path folder;

    private final ImageDataset dataset = Datasets.openImages("drawn:classes=4,train=" + SAMPLES + ",test=0");

    /** A model whose features tell the image: its first row of bytes. */
    private static final class FirstRow implements Backbone {
        @Override
        public ImageSize imageSize() {
            return ImageSize.square(16);
        }

        @Override
        public int width() {
            return 48;
        }

        @Override
        public Tensor features(Tensor images) {
            return images.select(1, 0).flatten(1, -1).to(torch.ScalarType.Float).contiguous();
        }

        @Override
        public void moveTo(Device device) {}

        @Override
        public void close() {}
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 52, 53, 1000})
    void everyImageIsInItsRow(int batchSize) {
        long[] last = {0};
        boolean whole = new Embedder(new FirstRow(), batchSize)
                .write(dataset, Split.TRAIN, folder, new EmbedListener() {
                    @Override
                    public void embedded(long images, long total) {
                        assertThat(total).isEqualTo(SAMPLES);
                        last[0] = images;
                    }
                });
        assertThat(whole).isTrue();
        assertThat(last[0]).isEqualTo(SAMPLES);
        ImageBatch expected = dataset.load(
                Split.TRAIN, ImageSize.square(16), LongStream.range(0, SAMPLES).toArray());
        try (FeatureDataset read = (FeatureDataset) Datasets.open("npy:" + folder)) {
            assertThat(read.labels()).isEqualTo(expected.labels());
            read.features().requireShape(SAMPLES, 48);
            float[] features = read.features().readFloats();
            for (int n = 0; n < SAMPLES; n++) {
                for (int d = 0; d < 48; d++) {
                    assertThat(features[n * 48 + d]).isEqualTo(expected.pixels().get(n * 16 * 48 + d) & 0xff);
                }
            }
        }
    }

    @Test
    void stoppedItLeavesNothing() throws Exception {
        boolean whole = new Embedder(new FirstRow(), 5).write(dataset, Split.TRAIN, folder, new EmbedListener() {
            private int asked;

            @Override
            public boolean stopRequested() {
                return ++asked > 3;
            }
        });
        assertThat(whole).isFalse();
        assertEmpty();
    }

    @Test
    void damagedImagesAreNamedAndNothingIsWritten() throws Exception {
        Path images = folder.resolve("images");
        for (String name : new String[] {"a/1.png", "b/1.png"}) {
            Files.createDirectories(images.resolve(name).getParent());
            Files.write(images.resolve(name), new byte[] {1, 2, 3});
        }
        Path out = Files.createDirectory(folder.resolve("out"));
        ImageDataset damaged = Datasets.openImages("images:" + images);
        assertThatThrownBy(
                        () -> new Embedder(new FirstRow(), 1).write(damaged, Split.TRAIN, out, new EmbedListener() {}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("1.png");
        try (Stream<Path> left = Files.list(out)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void shiftsAndMirrorsMovePixelsOnly() {
        ImageSize size = ImageSize.square(16);
        ImageBatch one = dataset.load(Split.TRAIN, size, 3);
        java.nio.ByteBuffer target = java.nio.ByteBuffer.allocate(size.rgbBytes());
        new Augmentation(size, 0, false).copy(one.pixels(), 0, target, new SplitMix(1));
        byte[] same = new byte[size.rgbBytes()];
        one.pixels().get(0, same);
        assertThat(target.array()).isEqualTo(same);
        boolean[] seen = new boolean[2 * 5 * 5];
        SplitMix random = new SplitMix(1);
        for (int i = 0; i < 1000; i++) {
            target.clear();
            new Augmentation(size, 2, true).copy(one.pixels(), 0, target, random);
            int found = -1;
            for (int change = 0; change < seen.length && found < 0; change++) {
                if (Arrays.equals(
                        target.array(), changed(same, 16, change % 2 == 1, change / 2 % 5 - 2, change / 10 - 2))) {
                    found = change;
                }
            }
            assertThat(found).as("image %d is the original, moved", i).isNotNegative();
            seen[found] = true;
        }
        assertThat(seen).doesNotContain(false);
    }

    private static byte[] changed(byte[] image, int side, boolean mirrored, int down, int right) {
        byte[] changed = new byte[image.length];
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int fromY = Math.max(0, Math.min(side - 1, y - down));
                int fromX = Math.max(0, Math.min(side - 1, (mirrored ? side - 1 - x : x) - right));
                for (int c = 0; c < 3; c++) changed[(y * side + x) * 3 + c] = image[(fromY * side + fromX) * 3 + c];
            }
        }
        return changed;
    }

    private void assertEmpty() throws Exception {
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }
}
