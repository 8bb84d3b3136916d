package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.gradmimic.architecture.Modules.Module;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Javadoc of every library's API is whole and free of errors. */
class ApiDocsTest {
    private static final Set<String> PROGRAMS = Set.of("cli", "bench");

    @TempDir
    private Path folder;

    @Test
    void everyApiIsDocumented() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (Module module : new Modules(Modules.ROOT).all()) {
            if (PROGRAMS.contains(module.name())) continue;
            Path folder = Modules.ROOT.resolve("java").resolve(module.name()).resolve("src/main/java");
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .filter(file -> !file.endsWith("module-info.java"))
                        .forEach(sources::add);
            }
        }
        assertThat(sources).hasSizeGreaterThan(300);
        assertThat(ApiDocs.problems(sources)).isEmpty();
    }

    @Test
    void plantedViolationsAreFound() throws IOException {
        Path file = Files.writeString(folder.resolve("Planted.java"), """
                package planted;

                /** See {@link #gone}. */
                public class Planted {
                    /**
                     * Text <b>without an end.
                     *
                     * @param other not among the parameters
                     */
                    public void documented(int one) {}

                    public void silent() {}

                    void hidden() {}

                    public record Pair(int first, int second) {}

                    @Override
                    public String toString() {
                        return "";
                    }
                }
                """);
        assertThat(ApiDocs.problems(List.of(file)))
                .containsExactlyInAnyOrder(
                        file + ":3: reference not found",
                        file + ":6: element not closed: b",
                        file + ":8: @param name not found",
                        "planted.Planted.silent(): no Javadoc comment",
                        "planted.Planted.Pair: no Javadoc comment");
    }
}
