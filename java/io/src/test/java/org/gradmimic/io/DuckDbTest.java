package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuckDbTest {

    /** Prints the message that a user would see. */
    static final class Open {

        private Open() {}

        public static void main(String[] arguments) throws Exception {
            try (var connection = DuckDb.open()) {
                System.out.print("opened " + connection);
            } catch (InputException e) {
                System.out.print(e.getMessage());
            }
        }
    }

    /** Opens a database and waits to be killed. */
    static final class Stay {

        private Stay() {}

        public static void main(String[] arguments) throws Exception {
            try (var connection = DuckDb.open()) {
                System.out.println("opened");
                System.in.read();
            }
        }
    }

    /** DuckDB unpacks a library of 60 MB at every start. */
    @Test
    void aKilledProcessLeavesNoLibrary(@TempDir Path folder) throws Exception {
        assumeThat(Path.of("/proc/self/maps")).exists();
        // Of processes that were killed while they unpacked it, and of one that perhaps does so now.
        Path old = Files.writeString(folder.resolve("libduckdb_java17.so"), "half of it");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        Path young = Files.writeString(folder.resolve("libduckdb_java18.so"), "half of it");
        Path another = Files.writeString(folder.resolve("libduckdb_java_notes.so"), "mine");
        Files.setLastModifiedTime(another, Files.getLastModifiedTime(old));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + folder,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Stay.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("opened");
        process.destroyForcibly();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        try (var left = Files.list(folder)) {
            assertThat(left.filter(file -> file.getFileName().toString().contains("duckdb")))
                    .containsExactlyInAnyOrder(young, another);
        }
    }

    @Test
    void aLibraryThatCannotBeUnpackedIsExplained(@TempDir Path folder) throws Exception {
        Path missing = folder.resolve("missing");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + missing,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Open.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(output).contains("native library cannot be loaded").contains(missing.toString());
    }
}
