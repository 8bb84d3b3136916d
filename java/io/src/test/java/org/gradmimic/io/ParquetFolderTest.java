package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParquetFolderTest {
    @TempDir
    Path folder;

    private Path file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.createFile(file);
    }

    @Test
    void filesComeInTheOrderOfTheirNames() throws IOException {
        Path b = file("b.parquet");
        Path a = file("a.parquet");
        file(".a.parquet");
        file("a.parquet.crc");
        file("notes/readme.txt");
        assertThat(ParquetFolder.files(folder)).containsExactly(a, b);
    }

    @Test
    void filesOfOtherKindsAreCounted() throws IOException {
        file("a.parquet");
        file(".a.parquet.crc");
        file("_SUCCESS");
        assertThat(ParquetFolder.passedOver(folder).note("not .parquet")).isEmpty();
        file("b.npz");
        assertThat(ParquetFolder.passedOver(folder).note("not .parquet"))
                .isEqualTo("1 file is not .parquet and was passed over, such as b.npz");
        file("a.parquet.gz");
        assertThat(ParquetFolder.passedOver(folder).note("not .parquet"))
                .isEqualTo("2 files are not .parquet and were passed over, such as a.parquet.gz");
        assertThat(ParquetFolder.passedOver(folder.resolve("a.parquet")).count())
                .isZero();
    }

    @Test
    void withSparksMarkerFoldersBelowBelongToTheDataSet() throws IOException {
        file("_SUCCESS");
        Path second = file("split=train/part-0.parquet");
        Path first = file("split=test/lang=en/part-0.parquet");
        Path own = file("part-9.parquet");
        file("_temporary/0/part-0.parquet");
        file(".staging/part-0.parquet");
        assertThat(ParquetFolder.files(folder)).containsExactly(own, first, second);
    }

    @Test
    void withoutMarkerFoldersBelowAreRefused() throws IOException {
        Path below = file("split=train/part-0.parquet");
        assertThatThrownBy(() -> ParquetFolder.files(folder))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder + ": there are .parquet files in folders below it, such as " + below);
        file("part-0.parquet");
        assertThatThrownBy(() -> ParquetFolder.files(folder)).isInstanceOf(InputException.class);
        assertThat(ParquetFolder.files(below.getParent())).containsExactly(below);
    }

    @Test
    void aBrokenLinkIsAnError() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("a.parquet"), folder.resolve("gone.parquet"));
        assertThat(ParquetFolder.files(folder)).containsExactly(link);
        assertThatThrownBy(() -> ParquetReader.openAll(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(link + ": no such file");
    }
}
