package org.gradmimic.io.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradmimic.io.npy.NpyOrderTest.npy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyLabelsTest {
    @TempDir
    Path folder;

    private Path file(byte[] npy) throws IOException {
        return Files.write(folder.resolve("y.npy"), npy);
    }

    private void assertRefused(byte[] npy, String problem) throws IOException {
        Path path = file(npy);
        assertThatThrownBy(() -> NpyLabels.readAll(path))
                .isInstanceOf(InputException.class)
                .hasMessage(path + ": " + problem);
    }

    @Test
    void integersOfAnyTypeAreReadInAVectorOrAColumn() throws IOException {
        byte[] bytes = {2, 0, 1};
        assertThat(NpyLabels.readAll(file(npy("|u1", false, bytes, 3)))).containsExactly(2, 0, 1);
        assertThat(NpyLabels.readAll(file(npy("|i1", false, bytes, 3, 1)))).containsExactly(2, 0, 1);
        assertThat(NpyLabels.readAll(file(npy("|u1", true, bytes, 3, 1)))).containsExactly(2, 0, 1);
        NpyWriter.write(folder.resolve("l.npy"), new long[] {5, -1}, 2);
        assertThat(NpyLabels.readAll(folder.resolve("l.npy"))).containsExactly(5, -1);
    }

    @Test
    void oneHotRowsAreTheirPosition() throws IOException {
        byte[] rows = {0, 0, 1, 1, 0, 0, 0, 1, 0};
        for (String type : new String[] {"|u1", "|b1", "|i1"}) {
            assertThat(NpyLabels.readAll(file(npy(type, false, rows, 3, 3))))
                    .as(type)
                    .containsExactly(2, 0, 1);
        }
        NpyWriter.write(folder.resolve("f.npy"), new float[] {0, 1, 1, 0}, 2, 2);
        assertThat(NpyLabels.readAll(folder.resolve("f.npy"))).containsExactly(1, 0);
        float[] many = new float[100_000 * 2];
        for (int i = 0; i < 100_000; i++) many[2 * i + i % 2] = 1;
        NpyWriter.write(folder.resolve("m.npy"), many, 100_000, 2);
        long[] labels = NpyLabels.readAll(folder.resolve("m.npy"));
        for (int i = 0; i < labels.length; i++) assertThat(labels[i]).isEqualTo(i % 2);
    }

    @Test
    void rowsThatAreNotOneHotAreNamed() throws IOException {
        String expected = "; expected labels [N] or [N,1], or rows with one 1 and otherwise 0";
        assertRefused(
                npy("|u1", false, new byte[] {1, 0, 0, 0}, 2, 2), "has shape (2, 2), but row 1 has no 1" + expected);
        assertRefused(
                npy("|u1", false, new byte[] {1, 0, 1, 1}, 2, 2), "has shape (2, 2), but row 1 has two 1s" + expected);
        assertRefused(
                npy("|u1", false, new byte[] {7, 3, 1, 1}, 2, 2), "has shape (2, 2), but row 0 has a 7.0" + expected);
    }

    @Test
    void otherTypesAndShapesAreRefusedWithWhatToDo() throws IOException {
        assertRefused(
                npy("<U1", false, new byte[] {'a', 0, 0, 0}, 1),
                "holds text (dtype <U1), which is not read; expected numbers (in NumPy: names, numbers ="
                        + " np.unique(a, return_inverse=True))");
        assertRefused(
                npy("<f4", false, new byte[8], 2),
                "has dtype f4; expected integers (i1 to i8, u1 to u8), or one-hot rows");
        assertRefused(
                npy("|u1", false, new byte[8], 2, 2, 2),
                "has shape (2, 2, 2); expected labels [N], [N,1] or one-hot [N,C]");
        Path two = file(npy("|u1", false, new byte[2], 2));
        try (NpyLabels labels = NpyLabels.open(two)) {
            assertThatThrownBy(() -> labels.requireSamples(3)).hasMessage(two + ": has shape (2,); expected (3,)");
        }
    }

    @Test
    void labelsFromOneAreQuestioned() {
        assertThat(NpyLabels.note(0, 9)).isEmpty();
        assertThat(NpyLabels.note(1, 10))
                .isEqualTo("the labels are 1 to 10, so class 0 has no samples; if the first class is 1, subtract 1");
    }
}
