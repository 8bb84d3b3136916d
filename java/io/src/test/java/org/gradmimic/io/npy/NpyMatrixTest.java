package org.gradmimic.io.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NpyMatrixTest {
    @TempDir
    Path folder;

    /** Element (e, i) is 1000 e + i. */
    private Path write(String type, boolean fortran, int rows, int columns) throws Exception {
        int bytes = Integer.parseInt(type.substring(2));
        ByteBuffer data = ByteBuffer.allocate(bytes * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < rows * columns; at++) {
            int row = fortran ? at % rows : at / columns;
            int column = fortran ? at / rows : at % columns;
            float value = 1000f * row + column;
            if (bytes == 4) data.putFloat(value);
            else data.putDouble(value);
        }
        String dictionary = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False")
                + ", 'shape': (" + rows + ", " + columns + "), }";
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) (dictionary.length() + 1), 0});
        file.write((dictionary + "\n").getBytes(StandardCharsets.US_ASCII));
        file.write(data.array());
        return Files.write(folder.resolve("a.npy"), file.toByteArray());
    }

    @ParameterizedTest
    @CsvSource({
        "<f4, false, 3, 700",
        "<f4, true, 3, 700",
        "<f8, true, 5, 10",
        "<f8, false, 1, 9",
        "<f4, true, 1, 9",
        "<f4, true, 900, 2",
        "<f4, true, 3, 400000", // more than a buffer
        "<f4, true, 3, 0",
        "<f4, true, 0, 3"
    })
    void rowsAreReadFromEitherOrder(String type, boolean fortran, int rows, int columns) throws Exception {
        try (NpyMatrix matrix = NpyMatrix.open(write(type, fortran, rows, columns))) {
            assertThat(matrix.rows()).isEqualTo(rows);
            assertThat(matrix.columns()).isEqualTo(columns);
            for (int row = 0; row < Math.min(rows, 5); row++) {
                for (int from : new int[] {0, columns / 3, columns}) {
                    float[] values = new float[columns - from];
                    matrix.read(row, from, values.length, values);
                    float[] expected = new float[columns - from];
                    for (int i = 0; i < expected.length; i++) {
                        expected[i] = 1000f * row + from + i;
                    }
                    assertThat(values).isEqualTo(expected);
                }
            }
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> matrix.read(rows, 0, 0, new float[0]));
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> matrix.read(0, columns, 1, new float[1]));
        }
    }

    @Test
    void aVectorIsOneRowAndOtherShapesAndTypesAreRefused() {
        Path file = folder.resolve("b.npy");
        NpyWriter.write(file, new float[] {1, 2, 3}, 3);
        try (NpyMatrix matrix = NpyMatrix.open(file)) {
            float[] values = new float[2];
            matrix.read(0, 1, 2, values);
            assertThat(matrix.rows()).isEqualTo(1);
            assertThat(values).containsExactly(2, 3);
        }
        NpyWriter.write(file, new float[] {1, 2, 3}, 3, 1);
        try (NpyMatrix matrix = NpyMatrix.open(file)) {
            float[] values = new float[2];
            matrix.read(0, 1, 2, values);
            assertThat(matrix.rows()).isEqualTo(1);
            assertThat(matrix.columns()).isEqualTo(3);
            assertThat(values).containsExactly(2, 3);
        }
        NpyWriter.write(file, new float[] {1, 2, 3, 4}, 1, 2, 2);
        assertThatThrownBy(() -> NpyMatrix.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has shape (1, 2, 2); expected [E,N], [N] or [N,1]");
        NpyWriter.write(file, new boolean[] {true}, 1);
        assertThatThrownBy(() -> NpyMatrix.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has dtype b1; expected floating-point numbers");
    }
}
