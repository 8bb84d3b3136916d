package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvWriterTest {
    @TempDir
    Path folder;

    @Test
    void whatNeedsQuotesHasThem() {
        Path file = folder.resolve("x.csv");
        try (CsvWriter csv = new CsvWriter(file, "path", "n")) {
            csv.row("a/ä.jpg", 1L);
            csv.row("a,b", null);
            csv.row("say \"x\"", true);
            csv.row("two\nlines", 0.5f);
            assertThatThrownBy(() -> csv.row("alone")).isInstanceOf(InvalidArgumentException.class);
            assertThat(file).doesNotExist();
            csv.commit();
        }
        assertThat(file).hasContent("path,n\na/ä.jpg,1\n\"a,b\",\n\"say \"\"x\"\"\",true\n\"two\nlines\",0.5\n");
    }

    @Test
    void manyRowsAreAllThere() throws Exception {
        Path file = folder.resolve("x.csv");
        try (CsvWriter csv = new CsvWriter(file, "i", "text")) {
            for (int i = 0; i < 20_000; i++) csv.row(i, "é");
            csv.commit();
        }
        assertThat(Files.readAllLines(file)).hasSize(20_001).endsWith("19999,é");
        try (CsvWriter csv = new CsvWriter(file, "lost")) {
            csv.row("x");
        }
        assertThat(Files.readAllLines(file)).hasSize(20_001);
    }
}
