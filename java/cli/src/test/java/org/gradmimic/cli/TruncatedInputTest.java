package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.gradmimic.io.AtomicFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file of features that another program truncates while they are scored: an error, and nothing left behind. */
@Timeout(120)
class TruncatedInputTest {
    private static final int WIDTH = 1024;
    private static final int ROWS = 2_000_000; // 8 GB, for some seconds of work

    @TempDir
    Path folder;

    @Test
    void isAnErrorThatLeavesNoTemporaryFile() throws Exception {
        Problem problem = new Problem(folder, 5, 4, WIDTH, 2).score().with("quiet", "");
        Path features = sparse("large.npy", "<f4", 4L * ROWS * WIDTH, ROWS, WIDTH);
        problem.with("features", features).with("labels", sparse("large-labels.npy", "|u1", ROWS, ROWS));
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = Run.java("-XX:ErrorFile=" + folder.resolve("crash.log"), Main.class.getName());
        builder.command().addAll(List.of(problem.arguments("score features")));
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err.toFile())
                .start();
        try {
            // Until scores are written: then features are read.
            while (process.isAlive()
                    && temporaries().stream().noneMatch(file -> file.toFile().length() > 4096)) Thread.sleep(1);
            try (RandomAccessFile file = new RandomAccessFile(features.toFile(), "rw")) {
                file.setLength(file.length() / 2);
            }
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ends").isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(Files.readString(err)).startsWith("gradmimic score features: " + features + ": truncated");
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(temporaries()).isEmpty();
        assertThat(problem.out()).doesNotExist();
    }

    private List<Path> temporaries() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(AtomicFile::isTemporary).toList();
        }
    }

    private Path sparse(String name, String type, long bytes, long... shape) throws Exception {
        return Npys.sparse(folder.resolve(name), type, bytes, shape);
    }
}
