package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every block of Java in the pages compiles as it stands there. */
class SnippetsTest {
    @TempDir
    private Path folder;

    /** README.md and its neighbours, and docs. */
    private static List<Path> pages() throws IOException {
        try (Stream<Path> top = Files.list(Modules.ROOT);
                Stream<Path> docs = Files.list(Modules.ROOT.resolve("docs"))) {
            return Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void everySnippetCompiles() throws IOException {
        List<Snippet> snippets = Snippet.of(pages());
        assertThat(snippets).extracting(Snippet::page).contains("README.md", "layers.md", "selecting.md", "spark.md");
        assertThat(Snippet.errors(snippets, folder)).isEmpty();
    }

    @Test
    void noJavaIsUnmarked() throws IOException {
        for (Path page : pages()) {
            assertThat(Snippet.unmarked(page))
                    .as("what looks like Java outside of ```java")
                    .isEmpty();
        }
    }

    @Test
    void plantedViolationIsFound() throws IOException {
        Path page = Files.writeString(folder.resolve("PLANTED.md"), """
                Text.

                <!-- given: Tensor x -->
                ```java
                Tensor good = x.add(x);
                ```

                ```java
                Tensor bad = x.add(x);
                ```

                ```java
                ScoreLog.open(Path.of("scores")).noSuchMethod();
                ```

                ```
                Tensor unmarked = x.add(x);
                ```

                    ScoreLog indented = ScoreLog.open(scores); // unmarked, too
                """);
        assertThat(Snippet.errors(Snippet.of(List.of(page)), folder))
                .hasSize(3)
                .allMatch(error -> error.startsWith("PLANTED.md:"))
                .anyMatch(error -> error.startsWith("PLANTED.md:9: ") && error.contains("variable x"))
                .anyMatch(error -> error.startsWith("PLANTED.md:13: ") && error.contains("noSuchMethod"));
        assertThat(Snippet.unmarked(page))
                .containsExactly(
                        "PLANTED.md:17: Tensor unmarked = x.add(x);",
                        "PLANTED.md:20: ScoreLog indented = ScoreLog.open(scores); // unmarked, too");
    }
}
