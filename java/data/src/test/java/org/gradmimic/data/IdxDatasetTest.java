package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.gzip;
import static org.gradmimic.data.TestImages.readAll;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.data.TestImages.Contents;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxDatasetTest {
    private static final ImageSize SIZE = new ImageSize(4, 3);

    @TempDir
    Path folder;

    @Test
    void readsPlainAndGzippedFiles() throws IOException {
        byte[] grey = grey(5);
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), gzip(idx(grey, 5, 4, 3)));
        Files.write(folder.resolve("train-labels-idx1-ubyte"), idx(new byte[] {3, 0, 1, 3, 2}, 5));
        Files.write(folder.resolve("t10k-images.idx3-ubyte"), idx(grey(2), 2, 4, 3));
        Files.write(folder.resolve("t10k-labels.idx1-ubyte.gz"), gzip(idx(new byte[] {1, 6}, 2)));
        ImageDataset dataset = Datasets.openImages("idx:" + folder);
        assertThat(dataset.splits()).containsExactly(Split.TRAIN, Split.TEST);
        assertThat(dataset.classNames()).containsExactly("0", "1", "2", "3", "4", "5", "6");
        assertThat(dataset.nativeSize()).contains(SIZE);
        assertThat(dataset.sampleName(Split.TEST, 1)).isEqualTo("t10k-images.idx3-ubyte[1]");
        Contents train = readAll(dataset, Split.TRAIN, SIZE, 2);
        assertThat(train.labels()).containsExactly(3, 0, 1, 3, 2);
        for (int i = 0; i < 5 * 36; i++) {
            assertThat(train.pixels()[i / 36][i % 36]).isEqualTo(grey[i / 3]);
        }
        assertThat(readAll(dataset, Split.TEST, SIZE, 2).labels()).containsExactly(1, 6);
    }

    @Test
    void theTestFilesMayBeMissing() throws IOException {
        writeTrain(idx(grey(2), 2, 4, 3), idx(new byte[] {0, 1}, 2));
        ImageDataset dataset = Datasets.openImages("idx:" + folder);
        assertThat(dataset.splits()).containsExactly(Split.TRAIN);
        assertThatThrownBy(() -> dataset.size(Split.TEST))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has no test split");
    }

    @Test
    void namesWhatIsWrong() throws IOException {
        assertThatThrownBy(() -> Datasets.open("idx:" + folder)).hasMessageContaining("train-images-idx3-ubyte");
        assertThatThrownBy(() -> Datasets.open("idx:" + folder + "/none")).hasMessageContaining("there is no folder");
        byte[] images = idx(grey(3), 3, 4, 3);
        byte[] labels = idx(new byte[] {0, 1, 0}, 3);

        refuses(Arrays.copyOf(images, images.length - 1), labels, "truncated: has 51 bytes; expected 52");
        refuses(Arrays.copyOf(images, images.length + 1), labels, "too long: has 53 bytes; expected 52");
        refuses(Arrays.copyOf(images, 9), labels, "truncated within the idx header");
        refuses(new byte[0], labels, "truncated within the idx header");
        refuses(idx(grey(2), 2, 4, 3), labels, "holds 2 images; expected 3");
        refuses(labels, labels, "not an idx file of bytes with 3 axes");
        refuses(idx(new byte[0], -1, 4, 3), labels, "has the length 4294967295 for axis 0");
        refuses(idx(new byte[0], 3, Integer.MAX_VALUE, 3), labels, "has the length 2147483647 for axis 1");
        refuses(images, Arrays.copyOf(labels, 10), "truncated");
        refuses(images, idx(new byte[0], 0), "holds no labels");
        byte[] zipped = gzip(labels);
        refuses(images, Arrays.copyOf(zipped, zipped.length - 9), "truncated or damaged");
        refuses(images, gzip(Arrays.copyOf(labels, labels.length - 1)), "after 2 samples; expected 3");
        refuses(images, gzip(Arrays.copyOf(labels, labels.length + 1)), "continues after the 3 samples");
    }

    @Test
    void aGzippedFileIsCheckedAsItIsRead() throws IOException {
        byte[] images = idx(grey(3), 3, 4, 3);
        writeTrain(gzip(Arrays.copyOf(images, images.length - 12)), idx(new byte[] {0, 1, 0}, 3));
        ImageDataset dataset = Datasets.openImages("idx:" + folder);
        assertThatThrownBy(() -> readAll(dataset, Split.TRAIN, SIZE, 2))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("train-images-idx3-ubyte: truncated or damaged")
                .hasMessageContaining("after 2 samples; expected 3");
    }

    private void refuses(byte[] images, byte[] labels, String reason) throws IOException {
        writeTrain(images, labels);
        assertThatThrownBy(() -> Datasets.open("idx:" + folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining(reason);
    }

    private void writeTrain(byte[] images, byte[] labels) throws IOException {
        Files.write(folder.resolve("train-images-idx3-ubyte"), images);
        Files.write(folder.resolve("train-labels-idx1-ubyte"), labels);
    }

    private static byte[] grey(int images) {
        byte[] grey = new byte[images * 12];
        new Random(images).nextBytes(grey);
        return grey;
    }

    private static byte[] idx(byte[] data, int... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * shape.length + data.length);
        bytes.put(new byte[] {0, 0, 8, (byte) shape.length});
        for (int extent : shape) {
            bytes.putInt(extent);
        }
        return bytes.put(data).array();
    }
}
