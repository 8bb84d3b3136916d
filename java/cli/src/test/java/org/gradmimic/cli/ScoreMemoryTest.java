package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code gradmimic score features} on features that are larger than the memory it may use. */
@Timeout(120)
class ScoreMemoryTest {
    private static final int WIDTH = 1024;
    private static final int ROWS = 600_000; // 2.4 GB
    /** What the features have; the mapped ones are the page cache's, not the process's own. */
    private static final long BYTES = 4L * ROWS * WIDTH;

    /** The JVM, LibTorch's libraries and stacks: 200 to 300 MB whatever is scored. */
    private static final long ALLOWED_BYTES = 512L << 20;

    @TempDir
    Path folder;

    @Test
    void memoryDoesNotGrowWithTheFeatures() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "resident size is read from /proc");
        Problem problem =
                new Problem(folder, 5, 4, WIDTH, 2).score().with("quiet", "").with("score", "normed_proj");
        problem.with("features", sparse("large.npy", "<f4", BYTES, ROWS, WIDTH));
        problem.with("labels", sparse("large-labels.npy", "|u1", ROWS, ROWS));
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = Run.java("-Xmx64m", Main.class.getName());
        builder.command().addAll(List.of(problem.arguments("score features")));
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err.toFile())
                .start();
        long largest = 0;
        try {
            while (process.isAlive()) {
                largest = Math.max(largest, anonymousBytes(process.pid()));
                process.waitFor(20, TimeUnit.MILLISECONDS);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(Files.readString(err)).isEmpty();
        assertThat(process.exitValue()).isZero();
        assertThat(largest).as("anonymous resident bytes").isPositive().isLessThan(ALLOWED_BYTES);
        float[] weights = Vectors.floats(problem.out());
        assertThat(weights).hasSize(ROWS);
        // Features of zero have no gradient and share alike.
        for (float w : weights) {
            if (w != 1f / ROWS) assertThat(w).isEqualTo(1f / ROWS);
        }
    }

    /** A file of zeros that takes no space. */
    private Path sparse(String name, String type, long bytes, long... shape) throws IOException {
        Path file = folder.resolve(name);
        byte[] header = Npys.header(type, false, 0, shape);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(header);
            out.setLength(header.length + bytes);
        }
        return file;
    }

    /** 0 once the process has ended. */
    private static long anonymousBytes(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
