package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DelimitedTextTest {
    @TempDir
    Path folder;

    private List<String> rows(String text, char delimiter) throws IOException {
        Path file = Files.writeString(folder.resolve("a.csv"), text);
        List<String> rows = new ArrayList<>();
        DelimitedText.forEach(file, delimiter, (line, fields) -> rows.add(line + ":" + String.join("|", fields)));
        return rows;
    }

    private void assertRefused(String text, String problem) {
        assertThatThrownBy(() -> rows(text, ','))
                .isInstanceOf(InputException.class)
                .hasMessage(folder.resolve("a.csv") + ": " + problem);
    }

    @Test
    void readsFieldsQuotesAndLines() throws IOException {
        assertThat(rows("a,b\n1,2\n", ',')).containsExactly("1:a|b", "2:1|2");
        assertThat(rows("\uFEFFa,b\r\n\r\n1,\r\n,2", ',')).containsExactly("1:a|b", "3:1|", "4:|2");
        assertThat(rows("a,b\r1,2\r", ',')).containsExactly("1:a|b", "2:1|2");
        assertThat(rows("a,b\n\"x,\"\"y\"\"\n z\",\"\"\nlast,é", ','))
                .containsExactly("1:a|b", "2:x,\"y\"\n z|", "4:last|é");
        assertThat(rows("a\tb\n1,5\t2\n", '\t')).containsExactly("1:a|b", "2:1,5|2");
    }

    @Test
    void whatIsWrongIsNamedWithItsLine() throws IOException {
        assertRefused("", "is empty; expected a heading with the names of its columns");
        assertRefused("\n \n", "is empty; expected a heading with the names of its columns");
        assertRefused("a,b\n1,2\n1,2,3\n", "line 3: has 3 fields; the heading has 2 columns");
        assertRefused("a,b\n\"1,2\n", "line 2: has a quote that is not closed");
        assertRefused("a,b\n\"1\"x,2\n", "line 2: has text after a closing quote");
        assertRefused(
                "a,b\n1," + "x".repeat((1 << 20) + 1),
                "line 2: has a field of more than 1048576 characters; is a quote not closed?");
        Files.write(folder.resolve("b.csv"), "a\né\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> DelimitedText.forEach(folder.resolve("b.csv"), ',', (line, fields) -> {}))
                .hasMessage(folder.resolve("b.csv") + ": is not text (not UTF-8)");
        assertThatThrownBy(() -> DelimitedText.forEach(folder.resolve("c.csv"), ',', (line, fields) -> {}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("c.csv: cannot be read");
    }
}
