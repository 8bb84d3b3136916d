package org.gradmimic.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line as it is packaged. */
class CommandLineIT {
    private static final Path JAR = Modules.ROOT.resolve("java/cli/target/gradmimic-cli.jar");

    /** DuckDB's jar has its library inside and unpacks it there, 60 MB at every start; the command line's has it beside. */
    @Test
    void parquetNeedsNoFolderOfTemporaryFiles(@TempDir Path folder) throws Exception {
        Path none = Files.writeString(folder.resolve("none.txt"), "");
        Path out = folder.resolve("keep.parquet");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + folder.resolve("missing"),
                        "-jar",
                        JAR.toString(),
                        "filter",
                        "combine",
                        "!none",
                        "--filter",
                        "none=" + none,
                        "--samples",
                        "100",
                        "--out",
                        out.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(out).isNotEmptyFile();
    }
}
