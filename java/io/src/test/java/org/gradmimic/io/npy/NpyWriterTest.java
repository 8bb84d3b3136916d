package org.gradmimic.io.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NpyWriterTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 65_536, 65_537, 200_001})
    void wholeArraysComeBack(int n) {
        Random random = new Random(n);
        float[] floats = new float[n];
        long[] longs = new long[n];
        boolean[] booleans = new boolean[n];
        for (int i = 0; i < n; i++) {
            floats[i] = Float.intBitsToFloat(random.nextInt());
            longs[i] = random.nextLong();
            booleans[i] = random.nextBoolean();
        }
        NpyWriter.write(path("f"), floats, n);
        NpyWriter.write(path("i"), longs, 1, n);
        NpyWriter.write(path("b"), booleans, n, 1);
        try (NpyFile f = NpyFile.open(path("f"));
                NpyFile i = NpyFile.open(path("i"));
                NpyFile b = NpyFile.open(path("b"))) {
            assertThat(f.requireShape(n).readFloats()).isEqualTo(floats);
            assertThat(i.requireShape(1, n).readLongs()).isEqualTo(longs);
            assertThat(b.requireShape(n, 1).readBooleans()).isEqualTo(booleans);
        }
    }

    @Test
    void writesWhatNumpyWrites() throws IOException {
        NpyWriter.write(path("f"), new float[] {0.5f, -1.25f, 3, -0.0f, 65504, 0x1p-24f}, 2, 3);
        try (var in = NpyWriterTest.class.getResourceAsStream("/npy/numpy_f4.npy")) {
            assertThat(Files.readAllBytes(path("f"))).isEqualTo(in.readAllBytes());
        }
        try (NpyFile scalar = scalar()) {
            assertThat(scalar.rank()).isZero();
        }
    }

    private NpyFile scalar() {
        NpyWriter.write(path("s"), new float[] {1});
        return NpyFile.open(path("s"));
    }

    @Test
    void piecesInAnyOrderReadBackAndRewritten() {
        int rows = 5;
        int columns = 40_003;
        float[] expected = new float[rows * columns];
        Random random = new Random(3);
        try (NpyWriter writer = NpyWriter.create(path("m"), rows, columns)) {
            Arrays.fill(expected, Float.NaN);
            for (int step = 0; step < 40; step++) {
                int from = random.nextInt(expected.length);
                int count = random.nextInt(Math.min(expected.length - from, 90_000) + 1);
                float[] piece = new float[count];
                for (int i = 0; i < count; i++) {
                    piece[i] = random.nextFloat();
                }
                System.arraycopy(piece, 0, expected, from, count);
                writer.put(from, FloatBuffer.wrap(piece));
                float[] back = new float[expected.length];
                writer.get(0, FloatBuffer.wrap(back));
                assertThat(back).as("after step %d", step).isEqualTo(expected);
            }
            writer.commit();
        }
        try (NpyFile file = NpyFile.open(path("m"))) {
            assertThat(file.requireShape(rows, columns).readFloats()).isEqualTo(expected);
        }
    }

    @Test
    void elementsThatWereNeverWrittenAreNaN() {
        try (NpyWriter writer = NpyWriter.create(path("m"), 3)) {
            writer.put(1, FloatBuffer.wrap(new float[] {4}));
            writer.commit();
        }
        try (NpyFile file = NpyFile.open(path("m"))) {
            assertThat(file.readFloats()).containsExactly(Float.NaN, 4, Float.NaN);
        }
    }

    @Test
    void abortedItLeavesNothing() throws IOException {
        try (NpyWriter writer = NpyWriter.create(path("m"), 3)) {
            writer.put(0, FloatBuffer.wrap(new float[] {4}));
            assertThat(path("m")).doesNotExist();
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThatThrownBy(() -> NpyWriter.write(path("m"), new float[3], 2, 2))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("3 values do not make the shape (2, 2)");
        assertThatThrownBy(() -> NpyWriter.create(path("m"), -1)).isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> NpyWriter.create(folder.resolve("no/m.npy"), 1))
                .isInstanceOf(InputException.class);
        try (NpyWriter writer = NpyWriter.create(path("m"), 3)) {
            assertThatThrownBy(() -> writer.put(2, FloatBuffer.allocate(2)))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("elements 2 to 4 of 3");
            assertThatThrownBy(() -> writer.get(-1, FloatBuffer.allocate(1)))
                    .isInstanceOf(InvalidArgumentException.class);
        }
    }

    private Path path(String name) {
        return folder.resolve(name + ".npy");
    }
}
