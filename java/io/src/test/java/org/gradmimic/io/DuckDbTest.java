package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
            assertThat(left.filter(file -> file.toString().contains("duckdb"))).isEmpty();
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
