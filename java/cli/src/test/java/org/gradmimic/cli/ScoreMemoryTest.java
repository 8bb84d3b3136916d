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
        Problem problem =
                new Problem(folder, 5, 4, WIDTH, 2).score().with("quiet", "").with("score", "normed_proj");
        problem.with("features", sparse("large.npy", "<f4", BYTES, ROWS, WIDTH));
        problem.with("labels", sparse("large-labels.npy", "|u1", ROWS, ROWS));
        score(problem);
        float[] weights = Vectors.floats(problem.out());
        assertThat(weights).hasSize(ROWS);
        // Features of zero have no gradient and share alike.
        for (float w : weights) {
            if (w != 1f / ROWS) assertThat(w).isEqualTo(1f / ROWS);
        }
    }

    /** More elements than an int counts, of which the last row alone is not zero; {@code -Dgradmimic.large=true}. */
    @Test
    void moreThanTwoToTheThirtyOneElements() throws Exception {
        assumeTrue(Boolean.getBoolean("gradmimic.large"), "takes long; -Dgradmimic.large=true runs it");
        long rows = (1L << 31) / WIDTH + 1;
        Problem problem =
                new Problem(folder, 5, 4, WIDTH, 2).score().with("quiet", "").with("score", "proj");
        double[] row = new double[WIDTH];
        for (int i = 0; i < WIDTH; i++) row[i] = (i % 9 - 4) / 4.0;
        Path alone = problem.write("row.npy", "<f2", row, 1, WIDTH);
        Path features = sparse("large.npy", "<f2", 2 * rows * WIDTH, rows, WIDTH);
        byte[] halves = Files.readAllBytes(alone);
        try (RandomAccessFile file = new RandomAccessFile(features.toFile(), "rw")) {
            file.seek(file.length() - 2 * WIDTH);
            file.write(halves, halves.length - 2 * WIDTH, 2 * WIDTH);
        }
        problem.with("features", features).with("labels", sparse("large-labels.npy", "|u1", rows, rows));
        score(problem);
        float[] scores = Vectors.floats(problem.out());
        assertThat(scores).hasSize((int) rows);
        problem.with("features", alone).with("labels", problem.write("label.npy", "|u1", new double[1], 1));
        score(problem);
        float expected = Vectors.floats(problem.out())[0];
        assertThat(expected).isFinite().isNotZero();
        for (int i = 0; i < rows; i++) {
            float right = i < rows - 1 ? 0 : expected;
            if (scores[i] != right) assertThat(scores[i]).as("row %d", i).isEqualTo(right);
        }
    }

    /** Scores in a process with a heap of 64 MB. */
    private void score(Problem problem) throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "resident size is read from /proc");
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
    }

    private Path sparse(String name, String type, long bytes, long... shape) throws IOException {
        return Npys.sparse(folder.resolve(name), type, bytes, shape);
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
