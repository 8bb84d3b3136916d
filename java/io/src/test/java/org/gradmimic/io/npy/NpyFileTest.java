package org.gradmimic.io.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files numpy_*.npy were written by NumPy 2.4. */
class NpyFileTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"f2", "f4", "f8"})
    void readsFloatsThatNumpyWrote(String type) {
        try (NpyFile file = numpy(type)) {
            assertThat(file.type().code()).isEqualTo(type);
            assertThat(file.shape()).containsExactly(2, 3);
            assertThat(file.readFloats()).containsExactly(0.5f, -1.25f, 3, -0.0f, 65504, 0x1p-24f);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "i1, -128, 127",
        "i2, -32768, 32767",
        "i4, -2147483648, 2147483647",
        "i8, -9223372036854775808, 9223372036854775807"
    })
    void readsSignedIntegersThatNumpyWrote(String type, long least, long most) {
        try (NpyFile file = numpy(type)) {
            assertThat(file.readLongs()).containsExactly(least, -1, 0, 7, most);
        }
    }

    @ParameterizedTest
    @CsvSource({"u1, 255", "u2, 65535", "u4, 4294967295", "u8, 9223372036854775807"})
    void readsUnsignedIntegersThatNumpyWrote(String type, long most) {
        try (NpyFile file = numpy(type)) {
            assertThat(file.readLongs()).containsExactly(0, 7, most);
        }
    }

    @Test
    void readsBooleansScalarsEmptyArraysAndNewerVersions() {
        try (NpyFile booleans = numpy("b1");
                NpyFile scalar = numpy("scalar");
                NpyFile empty = numpy("empty");
                NpyFile second = numpy("version2");
                NpyFile third = numpy("version3")) {
            assertThat(booleans.readBooleans()).containsExactly(true, false, false, true);
            assertThat(scalar.rank()).isZero();
            assertThat(scalar.rows()).isEqualTo(1);
            assertThat(scalar.readFloats()).containsExactly(2.5f);
            assertThat(empty.shape()).containsExactly(0, 3);
            assertThat(empty.readFloats()).isEmpty();
            assertThat(empty.rows(0, 0).remaining()).isZero();
            assertThat(second.readLongs()).containsExactly(0, 1, 2, 3);
            assertThat(third.readLongs()).containsExactly(0, 1, 2, 3);
        }
    }

    @ParameterizedTest
    @CsvSource({"structured, structured dtype", "complex, <c8", "text, holds text (dtype <U2)", "object, Python objects"
    })
    void unsupportedFilesAreRefused(String name, String reason) {
        assertThatThrownBy(() -> numpy(name))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("numpy_" + name + ".npy")
                .hasMessageContaining(reason);
    }

    @Test
    void readsOtherOrdersThatNumpyWrote() {
        try (NpyFile columns = numpy("fortran");
                NpyFile swapped = numpy("big_endian")) {
            assertThat(columns.shape()).containsExactly(2, 3);
            assertThat(columns.readFloats()).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(swapped.readFloats()).containsExactly(0, 1, 2);
        }
    }

    @Test
    void wrongTypesAndOverflowAreRefused() throws IOException {
        try (NpyFile integers = numpy("i4");
                NpyFile floats = numpy("f4");
                NpyFile large = numpy("u8_large")) {
            assertThatThrownBy(integers::readFloats).hasMessageContaining("dtype i4; expected floating-point");
            assertThatThrownBy(floats::readLongs).hasMessageContaining("dtype f4; expected integers");
            assertThatThrownBy(integers::readBooleans).hasMessageContaining("dtype i4; expected booleans");
            assertThatThrownBy(large::readLongs).hasMessageContaining("element 1 is 18446744073709551615");
        }
        ByteBuffer wide = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        wide.putDouble(1).putDouble(Double.POSITIVE_INFINITY).putDouble(1e300);
        try (NpyFile file =
                NpyFile.open(handMade("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", wide.array()))) {
            assertThatThrownBy(file::readFloats)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("element 2 is 1.0E300");
        }
    }

    @Test
    void everyHalfIsWidenedExactly() {
        for (int bits = 0; bits < 0x10000; bits++) {
            int exponent = bits >> 10 & 0x1f;
            int mantissa = bits & 0x3ff;
            double magnitude =
                    exponent == 0 ? mantissa * 0x1p-24 : (1 + mantissa / 1024.0) * Math.pow(2, exponent - 15);
            float value = NpyFile.halfToFloat((short) bits);
            if (exponent == 31) {
                assertThat(mantissa == 0 ? Float.isInfinite(value) : Float.isNaN(value))
                        .isTrue();
            } else {
                assertThat(value).isEqualTo((float) (bits < 0x8000 ? magnitude : -magnitude));
            }
        }
    }

    @Test
    void checksShapes() {
        try (NpyFile file = numpy("f4")) {
            assertThat(file.requireRank(2).requireShape(2, 3).requireShape(-1, 3))
                    .isSameAs(file);
            assertThatThrownBy(() -> file.requireShape(2, -1, 4))
                    .isInstanceOf(InputException.class)
                    .hasMessageEndingWith("numpy_f4.npy: has shape (2, 3); expected (2, *, 4)");
            assertThatThrownBy(() -> file.requireShape(5, -1)).hasMessageContaining("expected (5, *)");
            assertThatThrownBy(() -> file.requireRank(1))
                    .hasMessageContaining("has 2 axes, shape (2, 3); expected 1 axis");
        }
    }

    @Test
    void mapsRowsInAnyOrder() {
        Path path = folder.resolve("m.npy");
        float[] values = new float[12];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        NpyWriter.write(path, values, 4, 3);
        ByteBuffer last;
        try (NpyFile file = NpyFile.open(path)) {
            last = file.rows(3, 4);
            ByteBuffer middle = file.rows(1, 3);
            assertThat(middle.isDirect()).isTrue();
            assertThat(middle.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
            assertThat(middle.remaining()).isEqualTo(24);
            assertThat(middle.asFloatBuffer().get(0)).isEqualTo(3);
            assertThatThrownBy(() -> file.rows(2, 5))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("4 rows");
            assertThatThrownBy(() -> file.rows(-1, 2)).isInstanceOf(InvalidArgumentException.class);
            assertThatThrownBy(() -> file.rows(2, 1)).isInstanceOf(InvalidArgumentException.class);
        }
        assertThat(last.asFloatBuffer().get(2)).as("stays valid after closing").isEqualTo(11);
    }

    @Test
    void readsBeyondTwoGigabytes() throws IOException {
        long rows = 1_500_000_000L;
        Path path = folder.resolve("large.npy");
        byte[] header = NpyHeader.format(NpyType.INT16, new long[] {rows});
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
            sparse.write(header);
            sparse.setLength(header.length + 2 * rows);
            sparse.seek(header.length + 2 * (rows - 1));
            sparse.write(new byte[] {0x34, 0x12});
        }
        try (NpyFile file = NpyFile.open(path)) {
            assertThat(file.rows(rows - 2, rows).getShort(2)).isEqualTo((short) 0x1234);
            assertThat(file.rows(0, 1).getShort(0)).isZero();
            assertThatThrownBy(() -> file.rows(0, rows)).hasMessageContaining("3000000000 bytes");
        }
    }

    @Test
    void noticesMissingAndSurplusBytes() throws IOException {
        Path path = folder.resolve("f.npy");
        NpyWriter.write(path, new float[] {1, 2, 3}, 3);
        byte[] whole = Files.readAllBytes(path);
        for (int length : new int[] {0, 5, 6, 9, 40, whole.length - 1}) {
            Files.write(path, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> NpyFile.open(path))
                    .as("%d bytes", length)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(path.toString());
        }
        assertThatThrownBy(() -> NpyFile.open(path))
                .hasMessageContaining("truncated: has " + (whole.length - 1) + " bytes; expected " + whole.length)
                .hasMessageContaining("(3,)");
        Files.write(path, Arrays.copyOf(whole, whole.length + 1));
        assertThatThrownBy(() -> NpyFile.open(path))
                .hasMessageContaining("too long: has " + (whole.length + 1) + " bytes; expected " + whole.length);
    }

    @Test
    void noticesThatTheFileWasCutAfterOpening() throws IOException {
        Path path = folder.resolve("f.npy");
        NpyWriter.write(path, new float[] {1, 2, 3}, 3);
        try (NpyFile file = NpyFile.open(path);
                RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
            raw.setLength(raw.length() - 4);
            assertThatThrownBy(file::readFloats)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("truncated");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3; 4), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3,,4), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': 3, }",
                "{'descr': '<f4', 'fortran_order': False, }",
                "{'descr': '<f4', 'shape': (3,), }",
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }",
                "{'fortran_order': False, 'shape': (3,), }",
                "{'descr': '', 'fortran_order': False, 'shape': (3,), }",
                "{'descr': '<', 'fortran_order': False, 'shape': (3,), }",
                "{'descr': 'Ä4', 'fortran_order': False, 'shape': (3,), }",
                "no dictionary",
                "",
            })
    void refusesHostileHeaders(String dictionary) throws IOException {
        Path path = handMade(dictionary, new byte[12]);
        assertThatThrownBy(() -> NpyFile.open(path))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(path.toString());
    }

    @Test
    void refusesAHeaderOfAbsurdLength() throws IOException {
        Path path = folder.resolve("long.npy");
        ByteBuffer bytes = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0}).putInt(-2);
        Files.write(path, bytes.array());
        assertThatThrownBy(() -> NpyFile.open(path)).hasMessageContaining("claims a header of 4294967294 bytes");
        Files.write(path, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 9, 0, 0, 0});
        assertThatThrownBy(() -> NpyFile.open(path)).hasMessageContaining("version 9.0");
        Files.writeString(path, "PK no array at all");
        assertThatThrownBy(() -> NpyFile.open(path)).hasMessageContaining("not a .npy file");
        assertThatThrownBy(() -> NpyFile.open(folder.resolve("none.npy"))).hasMessageContaining("no such file");
        assertThatThrownBy(() -> NpyFile.open(folder)).hasMessageContaining("is a folder");
    }

    @Test
    void acceptsOtherQuotesOrderOfKeysAndPythonTwo() throws IOException {
        Path path = handMade("{\"shape\": (3L, 1), \"fortran_order\": False, \"descr\": \"<f4\"}", new byte[12]);
        try (NpyFile file = NpyFile.open(path)) {
            assertThat(file.shape()).containsExactly(3, 1);
            assertThat(file.readFloats()).containsExactly(0, 0, 0);
        }
    }

    private Path handMade(String dictionary, byte[] data) throws IOException {
        byte[] text = (dictionary + "\n").getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(10 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) text.length);
        bytes.put(text).put(data);
        return Files.write(folder.resolve("hand.npy"), bytes.array());
    }

    private static NpyFile numpy(String name) {
        try {
            return NpyFile.open(
                    Path.of(Objects.requireNonNull(NpyFileTest.class.getResource("/npy/numpy_" + name + ".npy"))
                            .toURI()));
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** Of two keys of one name Python's dictionary has the last value. */
    @Test
    void ofTwoShapesTheLastCounts() throws IOException {
        String text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'shape': (3, 2), }";
        try (NpyFile file = NpyFile.open(handMade(text, new byte[24]))) {
            assertThat(file.shape()).containsExactly(3, 2);
        }
    }

    /** NumPy refuses each of them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "[]",
                "{'descr': '<f4', 'fortran_order': False}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': [6]}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,,)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (06,)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (6.0,)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': ('6',)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
                "{'descr': '<f4', 'fortran_order': Falsey, 'shape': (6,)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} junk}",
                "{'descr': '<f4', junk 'fortran_order': False, 'shape': (6,)}",
                "{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)",
                "{'descr': '?f4', 'fortran_order': False, 'shape': (6,)}",
                "{{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}}"
            })
    void headersThatNumPyRefusesAreRefused(String header) throws IOException {
        Path file = handMade(header, new byte[24]);
        assertThatThrownBy(() -> NpyFile.open(file).close())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(6,)}",
                "{ 'shape' : ( 6L , ) , 'fortran_order' : True , 'descr' : 'f4' , }",
                "{'descr': '=f4', 'fortran_order': False,\n 'shape': (6,)}"
            })
    void readsWhatNumPyReads(String header) throws IOException {
        try (NpyFile file = NpyFile.open(handMade(header, new byte[24]))) {
            assertThat(file.readFloats()).hasSize(6);
        }
    }

    @Test
    void aFileThatWasCutShortIsAnErrorAtTheNextRows() throws IOException {
        Path path = handMade("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 1), }", new byte[24]);
        try (NpyFile file = NpyFile.open(path)) {
            assertThat(file.rows(0, 2).remaining()).isEqualTo(8);
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 4);
            }
            assertThatThrownBy(() -> file.rows(2, 4))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(path + ": truncated");
        }
    }
}
