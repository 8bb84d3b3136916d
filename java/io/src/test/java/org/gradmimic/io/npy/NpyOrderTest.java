package org.gradmimic.io.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.run.FileMark;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrays that are stored in another order than the one in which they are read, and arrays in archives. */
class NpyOrderTest {
    @TempDir
    Path folder;

    static byte[] npy(String descriptor, boolean fortran, byte[] data, long... shape) {
        String text = "{'descr': '" + descriptor + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': "
                + NpyHeader.describe(shape) + "}\n";
        ByteBuffer bytes = ByteBuffer.allocate(10 + text.length() + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) text.length());
        return bytes.put(text.getBytes(StandardCharsets.US_ASCII)).put(data).array();
    }

    /** An array [rows, a, b] whose element (i, j, k) is 100 i + 10 j + k. */
    private static byte[] counted(int rows, int a, int b, boolean fortran, boolean bigEndian) {
        ByteBuffer data = ByteBuffer.allocate(rows * a * b * 4);
        data.order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        for (int n = 0; n < rows * a * b; n++) {
            int i = fortran ? n % rows : n / (a * b);
            int j = fortran ? n / rows % a : n / b % a;
            int k = fortran ? n / (rows * a) : n % b;
            data.putFloat(100 * i + 10 * j + k);
        }
        return data.array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"<f4 C", "<f4 F", ">f4 C", ">f4 F"})
    void everyOrderIsReadAsRows(String order) throws IOException {
        boolean fortran = order.endsWith("F");
        boolean bigEndian = order.startsWith(">");
        Path path = folder.resolve("a.npy");
        Files.write(path, npy(order.substring(0, 3), fortran, counted(5, 2, 3, fortran, bigEndian), 5, 2, 3));
        float[] expected = new float[30];
        for (int n = 0; n < 30; n++) expected[n] = 100 * (n / 6) + 10 * (n / 3 % 2) + n % 3;
        try (NpyFile file = NpyFile.open(path)) {
            assertThat(file.shape()).containsExactly(5, 2, 3);
            assertThat(file.readFloats()).containsExactly(expected);
            assertThat(file.rows(2, 3).getFloat()).isEqualTo(200);
            assertThat(file.isInPlace()).isEqualTo(!fortran && !bigEndian);
        }
    }

    @Test
    void bigEndianTypesOfEverySizeAreRead() throws IOException {
        Path path = folder.resolve("a.npy");
        Files.write(path, npy(">i2", false, new byte[] {0, 1, (byte) 0xff, (byte) 0xfe}, 2));
        assertThat(longs(path)).containsExactly(1, -2);
        Files.write(path, npy(">u8", false, new byte[] {0, 0, 0, 0, 0, 0, 1, 2}, 1));
        assertThat(longs(path)).containsExactly(258);
        Files.write(
                path, npy(">f8", false, ByteBuffer.allocate(8).putDouble(1.5).array(), 1));
        try (NpyFile file = NpyFile.open(path)) {
            assertThat(file.readFloats()).containsExactly(1.5f);
        }
        Files.write(path, npy(">f4", true, counted(2, 3, 1, true, true), 2, 3));
        try (NpyMatrix matrix = NpyMatrix.open(path)) {
            float[] row = new float[3];
            matrix.read(1, 0, 3, row);
            assertThat(row).containsExactly(100, 110, 120);
        }
    }

    private static long[] longs(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            return file.readLongs();
        }
    }

    /** Rows that do not fit into one block are put together in several. */
    @Test
    void manyRowsAreTransposedInBlocks() throws IOException {
        int rows = 300_000;
        ByteBuffer data = ByteBuffer.allocate(rows * 9 * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int column = 0; column < 9; column++) {
            for (int row = 0; row < rows; row++) data.putInt(row * 9 + column);
        }
        Path path = Files.write(folder.resolve("a.npy"), npy("<i4", true, data.array(), rows, 9));
        long[] values = longs(path);
        for (int i = 0; i < values.length; i++) assertThat(values[i]).isEqualTo(i);
    }

    @Test
    void aLargeArrayIsRefusedWithWhatToDo() throws IOException {
        Path path = folder.resolve("large.npy");
        byte[] header = npy("<f4", true, new byte[0], 1 << 20, 257);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(header);
            file.setLength(header.length + (1L << 20) * 257 * 4);
        }
        assertThatThrownBy(() -> NpyFile.open(path).close())
                .isInstanceOf(InputException.class)
                .hasMessage(path + ": is stored column by column (fortran_order); expected rows (in NumPy:"
                        + " np.ascontiguousarray(a)); it has 1077936128 bytes, and at most 1073741824 are converted");
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return bytes.toByteArray();
    }

    @Test
    void anArrayInAnArchiveIsReadByItsName() throws IOException {
        byte[] data = {1, 2, 3};
        Path one = Files.write(folder.resolve("one.npz"), zip(Map.of("arr_0.npy", npy("|u1", false, data, 3))));
        assertThat(longs(one)).containsExactly(1, 2, 3);
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("x.npy", npy("|u1", false, data, 3));
        entries.put("deep/y.npy", npy("<i2", true, new byte[] {1, 0, 2, 0, 3, 0, 4, 0}, 2, 2));
        entries.put("notes.txt", data);
        Path two = Files.write(folder.resolve("two.npz"), zip(entries));
        assertThat(longs(two.resolve("x"))).containsExactly(1, 2, 3);
        assertThat(longs(two.resolve("x.npy"))).containsExactly(1, 2, 3);
        assertThat(longs(two.resolve("deep/y"))).containsExactly(1, 3, 2, 4);
        assertThat(FileMark.of(two.resolve("x"))).isEqualTo(FileMark.of(two));
        assertRefused(two, two + ": contains 2 arrays, x, deep/y; name one of them, such as " + two + "/x");
        assertRefused(two.resolve("z"), two + ": contains no array z; it contains x, deep/y");
        assertRefused(folder.resolve("none.npz/x"), folder.resolve("none.npz/x") + ": no such file");
        Path none = Files.write(folder.resolve("none.npz"), zip(Map.of("a.txt", data)));
        assertRefused(none, none + ": contains no array");
    }

    @Test
    void aDamagedArchiveIsNamed() throws IOException {
        Path path = folder.resolve("a.npz");
        Files.write(path, new byte[] {'P', 'K', 3, 4});
        assertRefused(path, path + ": is damaged or not a .npz file");
        byte[] good = zip(Map.of("a.npy", npy("|u1", false, new byte[200], 200)));
        Files.write(path, good);
        assertThat(longs(path)).hasSize(200);
        for (int at = 40; at < good.length; at += 3) {
            byte[] bad = good.clone();
            bad[at] ^= 0x55;
            Files.write(path, bad);
            try {
                assertThat(longs(path)).hasSize(200);
            } catch (InputException e) {
                assertThat(e).hasMessageStartingWith(path + ": ");
            }
        }
        Files.write(path, zip(Map.of("a.npy", new byte[] {1, 2})));
        assertRefused(path, path + ": not a .npy file");
    }

    private static void assertRefused(Path path, String message) {
        assertThatThrownBy(() -> NpyFile.open(path).close())
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
    }
}
