package org.gradmimic.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.ParquetColumns;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is full or read-only: a tmpfs of 1 MB, which only root may mount. */
class ScoreLogDiskTest {

    @TempDir
    Path mountPoint;

    private boolean mounted;

    @BeforeEach
    void mount() throws Exception {
        mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mountPoint.toString());
        assumeTrue(mounted, "a 1 MB tmpfs cannot be mounted here (not root, or no mount capability)");
    }

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            assertThat(run("umount", mountPoint.toString())).as("unmounted").isTrue();
        }
    }

    @Test
    void aFullDiskIsReportedAndFinishedPartsAreUntouched() throws Exception {
        Path log = mountPoint.resolve("log");
        int rowsPerPart = 4096;
        Map<Path, byte[]> finished = new TreeMap<>();
        ScoreLogWriter writer = ScoreLogWriter.create(log, rowsPerPart);
        assertThatThrownBy(() -> {
                    for (int step = 0; step < 1000; step++) { // 1,000 parts are 60 MB
                        appendNoise(writer, step, rowsPerPart);
                        writer.flush();
                        Path part = log.resolve(String.format("part-%06d.parquet", step));
                        finished.put(part, Files.readAllBytes(part));
                    }
                })
                .isInstanceOf(InputException.class)
                .hasMessageContaining(log.toString())
                .hasMessageContaining("No space left on device");
        writer.close();

        assertThat(finished).hasSizeBetween(2, 50);
        finished.forEach((part, bytes) -> assertThat(part).hasBinaryContent(bytes));
        try (Stream<Path> files = Files.list(log)) {
            assertThat(files.filter(path -> !path.endsWith(".lock")))
                    .containsExactlyInAnyOrderElementsOf(finished.keySet());
        }
        assertThat(ScoreLog.open(log).rows()).isEqualTo((long) finished.size() * rowsPerPart);

        // With room made, the run goes on behind the parts that are there.
        Files.delete(finished.keySet().iterator().next());
        try (ScoreLogWriter resumed = ScoreLogWriter.resume(log, rowsPerPart)) {
            appendNoise(resumed, 0, 10);
        }
        assertThat(ScoreLog.open(log).rows()).isEqualTo((finished.size() - 1L) * rowsPerPart + 10);
    }

    @Test
    void aReadOnlyFolderIsNamed() throws Exception {
        Path log = Files.createDirectory(mountPoint.resolve("log"));
        assertThat(run("mount", "-o", "remount,ro", mountPoint.toString())).isTrue();
        assertThatThrownBy(() -> ScoreLogWriter.create(log, 10))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(log.toString())
                .hasMessageContaining("Read-only file system");
        assertThatThrownBy(() -> new ParquetColumns().longs("id", new long[1]).write(log.resolve("x.parquet")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("x.parquet")
                .hasMessageContaining("Read-only file system");
    }

    private static void appendNoise(ScoreLogWriter writer, int step, int count) {
        Random random = new Random(step);
        float[] noise = new float[count];
        for (int i = 0; i < count; i++) {
            noise[i] = Float.intBitsToFloat(random.nextInt() & 0x3fffffff); // hard to compress, finite
        }
        writer.append(0, step, random.longs(count, 0, 1L << 40).toArray(), noise, noise, noise, count);
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return false; // no such program
        }
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
