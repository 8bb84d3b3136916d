package org.gradmimic.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.data.TestImages.readAll;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Tool;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** A batch as Python 2 pickled it, with the protocol, order and types of the distribution. */
    private static byte[] python(int count, byte[] pixels, byte[] labels, String key) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(latin("\u0080\2}q\1(U\13batch_labelq\2U\25training batch 1 of 5q\3U"));
        out.write(key.length());
        out.writeBytes(latin(key + "q\4]q\5("));
        for (byte label : labels) out.writeBytes(new byte[] {'K', label});
        out.writeBytes(latin("eU\4dataq\6cnumpy.core.multiarray\n_reconstruct\nq\7cnumpy\nndarray\nq\10K\0\u0085"
                + "U\1b\u0087Rq\11(K\1K"));
        out.write(count);
        out.writeBytes(latin("M\0\14\u0086cnumpy\ndtype\nq\12U\2u1K\0K\1\u0087Rq\13(K\3U\1|NNNJ"
                + "\u00ff\u00ff\u00ff\u00ffJ\u00ff\u00ff\u00ff\u00ffK\0tb\u0089T"));
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(pixels.length)
                .array());
        out.writeBytes(pixels);
        out.writeBytes(latin("tbU\11filenamesq\14]q\15(U\5a.pngq\16U\5b.pngq\17eu."));
        return out.toByteArray();
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The same samples in the distribution for Python. */
    private static byte[] python(byte[] binary, int labelBytes, String key) {
        int count = binary.length / (labelBytes + 3072);
        byte[] pixels = new byte[count * 3072];
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++) {
            int at = i * (labelBytes + 3072) + labelBytes;
            labels[i] = binary[at - 1];
            System.arraycopy(binary, at, pixels, i * 3072, 3072);
        }
        return python(count, pixels, labels, key);
    }

    private Path writePython() throws IOException {
        Path ten = Files.createDirectories(folder.resolve("py/cifar-10-batches-py"));
        for (int i = 1; i <= 5; i++) {
            Files.write(ten.resolve("data_batch_" + i), python(records(1, i, i), 1, "labels"));
        }
        Files.write(ten.resolve("test_batch"), python(records(1, 4, 9), 1, "labels"));
        Files.write(
                ten.resolve("batches.meta"),
                latin("\u0080\2}q\1U\13label_names]q\2(U\10airplaneU\12automobile" + "U\4birdes."));
        return ten;
    }

    @Test
    void readsTheDistributionForPython() throws IOException {
        Path ten = writePython();
        ImageDataset binary = Datasets.openImages("cifar10:" + folder);
        for (Path place : List.of(ten, ten.getParent())) {
            ImageDataset python = Datasets.openImages("cifar10:" + place);
            assertThat(python.classNames()).isEqualTo(binary.classNames());
            assertThat(python.sampleName(Split.TRAIN, 4)).isEqualTo("data_batch_3[1]");
            for (Split split : binary.splits()) {
                assertThat(python.labels(split)).isEqualTo(binary.labels(split));
                assertThat(readAll(python, split, SIZE, 4).pixels())
                        .isDeepEqualTo(readAll(binary, split, SIZE, 3).pixels());
            }
        }
        Path hundred = Files.createDirectories(folder.resolve("cifar-100-python"));
        Files.write(hundred.resolve("train"), python(records(2, 6, 20), 2, "fine_labels"));
        Files.write(hundred.resolve("test"), python(records(2, 3, 21), 2, "fine_labels"));
        Files.write(hundred.resolve("meta"), latin("\u0080\2}U\20fine_label_names](U\5appleU\1bU\1ces."));
        ImageDataset fine = Datasets.openImages("cifar100:" + hundred);
        assertThat(fine.classNames()).containsExactly("apple", "b", "c");
        byte[] train = records(2, 6, 20);
        check(fine, Split.TRAIN, 5, train[5 * 3074 + 1], Arrays.copyOfRange(train, 5 * 3074 + 2, 6 * 3074));
    }

    /** What Python's pickle and NumPy write today is read too. */
    @ParameterizedTest
    @ValueSource(ints = {3, 4})
    void readsWhatPythonPicklesToday(int protocol) throws IOException {
        assumeTrue(Tool.hasPython("numpy"));
        Path ten = writePython();
        Tool.python(ten, """
                import pickle, sys
                import numpy
                for name in ["data_batch_%d" % i for i in range(1, 6)] + ["test_batch", "batches.meta"]:
                    with open(name, "rb") as file: batch = pickle.load(file, encoding="latin1")
                    with open(name, "wb") as file: pickle.dump(batch, file, protocol=int(sys.argv[1]))
                """, protocol);
        ImageDataset python = Datasets.openImages("cifar10:" + ten);
        ImageDataset binary = Datasets.openImages("cifar10:" + folder);
        assertThat(python.labels(Split.TRAIN)).isEqualTo(binary.labels(Split.TRAIN));
        assertThat(readAll(python, Split.TRAIN, SIZE, 4).pixels())
                .isDeepEqualTo(readAll(binary, Split.TRAIN, SIZE, 4).pixels());
    }

    @Test
    void namesWhatIsWrongInTheDistributionForPython() throws IOException {
        Path ten = writePython();
        Path batch = ten.resolve("data_batch_3");
        byte[] good = Files.readAllBytes(batch);
        for (int length = 0; length < good.length; length += length < 300 ? 7 : 1500) {
            Files.write(batch, Arrays.copyOf(good, length));
            assertThatThrownBy(() -> Datasets.open("cifar10:" + ten))
                    .as("%d bytes", length)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(batch + ": ");
        }
        Files.write(batch, python(3, new byte[3072 * 3], new byte[] {0, 1}, "labels"));
        assertThatThrownBy(() -> Datasets.open("cifar10:" + ten))
                .hasMessageContaining("has 2 labels, but 9216 bytes of pixels; expected 3072 for each");
        Files.write(batch, python(1, new byte[3072], new byte[] {7}, "labels"));
        assertThatThrownBy(() -> Datasets.open("cifar10:" + ten))
                .hasMessageContaining("record 0 has the label 7; expected 0 to 2");
        Files.write(batch, python(1, new byte[3072], new byte[] {1}, "label_s"));
        assertThatThrownBy(() -> Datasets.open("cifar10:" + ten)).hasMessageContaining("has no data and labels");
        Files.writeString(batch, "cposix\nsystem\n(S'true'\ntR.");
        assertThatThrownBy(() -> Datasets.open("cifar10:" + ten))
                .hasMessageContaining("is not a file of the distribution for Python: operation 0x53");
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
