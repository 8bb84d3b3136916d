package org.gradmimic.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.gradmimic.cli.Main;
import org.gradmimic.cli.Run;
import org.gradmimic.kernel.internal.Kernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
    private static final List<String> ITEMS = List.of(
            "gradmimic",
            "Java",
            "System",
            "Processor",
            "Memory",
            "Native cache",
            "LibTorch",
            "libgradmimic",
            "Threads",
            "OpenMP",
            "CUDA",
            "OpenCV",
            "DuckDB",
            "Tokenizers");

    /** Only what is in a jar is extracted; from a folder of classes, as {@code mvn test} has, it is loaded where it lies. */
    private static void assumeExtraction() {
        assumeTrue(
                Kernels.class.getResource("Kernels.class").getProtocol().equals("jar"),
                "needs libgradmimic in a jar: mvn verify");
    }

    /** Prints one check of a library, alone in its JVM. */
    static final class LibgradmimicCheck {
        public static void main(String[] args) {
            Finding finding = Check.run("libgradmimic", Libraries::gradmimic);
            System.out.println(finding.level() + " " + finding.text() + " -> " + finding.advice());
        }
    }

    @Test
    void thisMachineIsUsable() {
        Run run = Run.main("doctor");
        assertThat(run.code()).as(run.out()).isZero();
        assertThat(run.out().lines().map(DoctorCommandTest::item)).containsSubsequence(ITEMS);
        assertThat(run.out()).contains("gradmimic can be used here: 0 problems, ");
        assertThat(run.out()).containsPattern("OpenCV +\\d+\\.\\d+\\.\\d+, /").containsPattern("OpenMP +one runtime");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void threadsAreTheOnesAskedFor() {
        Run run = Run.main("doctor", "--threads", "1");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("LibTorch 1, kernels 1");
    }

    @Test
    void everyCheckIsMadeWhereNothingCanBeExtracted(@TempDir Path folder) throws Exception {
        assumeExtraction();
        Path nowhere = Files.createFile(folder.resolve("file")).resolve("folder");
        Run run = Run.process(Run.java(
                "-Dorg.bytedeco.javacpp.cachedir=" + nowhere,
                "-Duser.home=" + nowhere,
                "-Djava.io.tmpdir=" + nowhere,
                Main.class.getName(),
                "doctor"));
        assertThat(run.code()).as(run.out() + run.err()).isEqualTo(1);
        assertThat(run.out().lines().map(DoctorCommandTest::item)).containsSubsequence(ITEMS);
        assertThat(run.out())
                .containsPattern("problem +Native cache +there is no folder to extract")
                .contains("GRADMIMIC_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=")
                .containsPattern("problem +LibTorch")
                .containsPattern("problem +libgradmimic")
                .containsPattern("problem +Tokenizers")
                .contains("gradmimic cannot be used here: ");
    }

    @Test
    void anotherLibraryInTheCacheIsReplaced(@TempDir Path cache) throws Exception {
        assumeExtraction();
        assertThat(checkLibgradmimic(cache)).startsWith("OK ");
        for (String name : List.of("libgradmimic.so", "libjnigradmimic.so")) {
            Path library = find(cache, name);
            FileTime time = Files.getLastModifiedTime(library);
            // Of the same size and time, JavaCPP takes it for the one in the jar.
            Files.write(library, new byte[(int) Files.size(library)]);
            Files.setLastModifiedTime(library, time);
            assertThat(checkLibgradmimic(cache)).startsWith("OK ");
            Files.write(library, new byte[10]);
            assertThat(checkLibgradmimic(cache)).startsWith("OK ");
        }
    }

    private static String checkLibgradmimic(Path cache) throws Exception {
        return Run.process(Run.java("-Dorg.bytedeco.javacpp.cachedir=" + cache, LibgradmimicCheck.class.getName()))
                .out();
    }

    private static Path find(Path folder, String name) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.endsWith(name)).findFirst().orElseThrow();
        }
    }

    private static String item(String line) {
        return line.length() < 22 ? "" : line.substring(9, 22).strip();
    }
}
