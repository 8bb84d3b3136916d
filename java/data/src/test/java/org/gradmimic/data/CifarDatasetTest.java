package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.readAll;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarDatasetTest {
    private static final ImageSize SIZE = ImageSize.square(32);

    @TempDir
    Path folder;

    @BeforeEach
    void writeDistribution() throws IOException {
        for (int i = 1; i <= 5; i++) {
            Files.write(folder.resolve("data_batch_" + i + ".bin"), records(1, i, i));
        }
        Files.write(folder.resolve("test_batch.bin"), records(1, 4, 9));
        Files.writeString(folder.resolve("batches.meta.txt"), "airplane\nautomobile\nbird\n\n");
        Files.write(folder.resolve("train.bin"), records(2, 6, 20));
        Files.write(folder.resolve("test.bin"), records(2, 3, 21));
        Files.writeString(folder.resolve("fine_label_names.txt"), "apple\naquarium_fish\nbaby\n");
    }

    @Test
    void readsBothDistributions() {
        ImageDataset ten = Datasets.openImages("cifar10:" + folder);
        assertThat(ten.classNames()).containsExactly("airplane", "automobile", "bird");
        assertThat(ten.size(Split.TRAIN)).isEqualTo(1 + 2 + 3 + 4 + 5);
        assertThat(ten.sampleName(Split.TRAIN, 4)).isEqualTo("data_batch_3.bin[1]");
        assertThat(ten.nativeSize()).contains(SIZE);
        byte[] third = records(1, 3, 3);
        check(ten, Split.TRAIN, 4, third[3073], Arrays.copyOfRange(third, 3074, 2 * 3073));
        byte[] test = records(1, 4, 9);
        check(ten, Split.TEST, 3, test[3 * 3073], Arrays.copyOfRange(test, 3 * 3073 + 1, 4 * 3073));

        assertThatThrownBy(() -> ten.size(Split.VALIDATION)).hasMessageContaining("has no validation split");
        ImageDataset hundred = Datasets.openImages("cifar100:" + folder);
        assertThat(hundred.classNames()).containsExactly("apple", "aquarium_fish", "baby");
        byte[] train = records(2, 6, 20);
        check(hundred, Split.TRAIN, 5, train[5 * 3074 + 1], Arrays.copyOfRange(train, 5 * 3074 + 2, 6 * 3074));
    }

    @Test
    void scalesWhenAsked() {
        ImageDataset ten = Datasets.openImages("cifar10:" + folder);
        byte[][] native32 = readAll(ten, Split.TEST, SIZE, 4).pixels();
        byte[][] half = readAll(ten, Split.TEST, ImageSize.square(16), 4).pixels();
        double sum = 0;
        for (int i : new int[] {0, 3, 96, 99}) {
            sum += native32[2][i] & 0xff;
        }
        assertThat((double) (half[2][0] & 0xff)).isBetween(sum / 4 - 0.51, sum / 4 + 0.51);
    }

    @Test
    void namesWhatIsWrong() throws IOException {
        assertThatThrownBy(() -> Datasets.open("cifar10:" + folder + "/none"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("there is no folder");
        Path batch = folder.resolve("data_batch_3.bin");
        byte[] good = Files.readAllBytes(batch);
        Files.write(batch, Arrays.copyOf(good, good.length - 1));
        assertThatThrownBy(() -> Datasets.open("cifar10:" + folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(batch + ": has 9218 bytes, so it is truncated")
                .hasMessageContaining("a multiple of 3073 (2 whole records are there)");
        byte[] badLabel = good.clone();
        badLabel[3073] = 77;
        Files.write(batch, badLabel);
        assertThatThrownBy(() -> Datasets.open("cifar10:" + folder))
                .hasMessageContaining("record 1 has the label 77; expected 0 to 2");
        Files.delete(batch);
        assertThatThrownBy(() -> Datasets.open("cifar10:" + folder)).hasMessageContaining(batch + ": no such file");
        Files.delete(folder.resolve("fine_label_names.txt"));
        assertThatThrownBy(() -> Datasets.open("cifar100:" + folder)).hasMessageContaining("fine_label_names.txt");
    }

    private static void check(ImageDataset dataset, Split split, int id, long label, byte[] planes) {
        assertThat(dataset.labels(split)[id]).isEqualTo(label);
        byte[] rgb = readAll(dataset, split, SIZE, 4).pixels()[id];
        for (int i = 0; i < rgb.length; i++) {
            assertThat(rgb[i]).isEqualTo(planes[i % 3 * 1024 + i / 3]);
        }
    }

    private static byte[] records(int labelBytes, int count, long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[count * (labelBytes + 3072)];
        random.nextBytes(bytes);
        for (int i = 0; i < count; i++) {
            bytes[i * (labelBytes + 3072) + labelBytes - 1] = (byte) random.nextInt(3);
        }
        return bytes;
    }
}
