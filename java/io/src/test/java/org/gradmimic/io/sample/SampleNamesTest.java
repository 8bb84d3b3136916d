package org.gradmimic.io.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.ParquetColumns;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleNamesTest {
    @TempDir
    Path folder;

    private static SampleName name(int id) {
        return id % 5 == 4
                ? new SampleName(id, "key-" + id, SampleName.NO_LABEL, null, null)
                : new SampleName(id, "äö/" + id + ", \"x\".jpg", id % 3, "class " + id % 3, "train");
    }

    // Around the block of 32,768 rows.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2049, 32_768, 32_769})
    void whatWasWrittenIsRead(int samples) {
        List<SampleName> names =
                IntStream.range(0, samples).mapToObj(SampleNamesTest::name).toList();
        SampleNames.write(folder.resolve(SampleNames.FILE), names.iterator());
        SampleNames read = SampleNames.in(folder).orElseThrow();
        assertThat(read.size()).isEqualTo(samples);
        assertThat(read.read()).isEqualTo(names);
        assertThat(SampleNames.beside(folder.resolve("features.npy"))
                        .orElseThrow()
                        .size())
                .isEqualTo(samples);
        assertThat(read.requireSize(samples)).isSameAs(read);
        assertThatThrownBy(() -> read.requireSize(samples + 1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has the names of " + samples + " samples, expected " + (samples + 1));
    }

    @Test
    void namesOfAnotherProgramNeedNumbersAndPaths() {
        Path file = folder.resolve(SampleNames.FILE);
        assertThat(SampleNames.in(folder)).isEmpty();
        new ParquetColumns()
                .ints("id", new int[] {0, 1})
                .texts("path", new String[] {"a", "b"})
                .write(file);
        assertThat(SampleNames.open(file).read())
                .containsExactly(
                        new SampleName(0, "a", SampleName.NO_LABEL, null, null),
                        new SampleName(1, "b", SampleName.NO_LABEL, null, null));
        new ParquetColumns()
                .ints("id", new int[] {0, 2})
                .texts("path", new String[] {"a", "b"})
                .write(file);
        assertThatThrownBy(() -> SampleNames.open(file).read())
                .isInstanceOf(InputException.class)
                .hasMessage(file + ": row 1: id is 2, expected 1");
        new ParquetColumns()
                .ints("id", new int[] {0})
                .texts("path", new String[] {null})
                .write(file);
        assertThatThrownBy(() -> SampleNames.open(file).read())
                .isInstanceOf(InputException.class)
                .hasMessage(file + ": row 0: path is NULL");
        new ParquetColumns().ints("id", new int[] {0}).write(file);
        assertThatThrownBy(() -> SampleNames.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": no column path");
    }

    @Test
    void aNameAtAnotherPlaceIsAnError() {
        Path file = folder.resolve(SampleNames.FILE);
        assertThatThrownBy(() -> SampleNames.write(file, List.of(name(1)).iterator()))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessage("the name of sample 1 is at place 0");
        assertThat(file).doesNotExist();
    }

    @Test
    void aCopyTakesTheClassesAlong() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        SampleNames.write(folder.resolve(SampleNames.FILE), List.of(name(0)).iterator());
        SampleNames.in(folder).orElseThrow().copyTo(other);
        assertThat(other.resolve(ClassNames.FILE)).doesNotExist();
        ClassNames.write(folder.resolve(ClassNames.FILE), List.of("Äpfel", "b c"));
        SampleNames.in(folder).orElseThrow().copyTo(other);
        assertThat(SampleNames.in(other).orElseThrow().read()).containsExactly(name(0));
        assertThat(other.resolve(ClassNames.FILE)).hasContent("Äpfel\nb c\n");
        assertThat(ClassNames.read(other.resolve(ClassNames.FILE))).containsExactly("Äpfel", "b c");
    }

    @Test
    void classNamesAreLinesOfText() throws Exception {
        Path file = folder.resolve(ClassNames.FILE);
        assertThatThrownBy(() -> ClassNames.write(file, List.of("a", "b\nc")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has a line break");
        assertThat(file).doesNotExist();
        Files.write(file, "\u00e4".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ClassNames.read(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("not UTF-8");
        assertThatThrownBy(() -> ClassNames.read(folder.resolve("absent")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no such file");
    }
}
