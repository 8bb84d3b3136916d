package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A {@code probe} that is interrupted, or killed, in the middle. */
@Timeout(120)
class KilledProbeTest {
    private static final int N = 3000;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "KILL, 137"})
    void finishedFilesAreWhole(String signal, int code) throws Exception {
        Problem problem = problem(1_000_000);
        kill(problem, signal, code);
        Path log = problem.out().resolve("scores");
        ScoreLog read = ScoreLog.open(log);
        int epochs = Math.toIntExact(read.rows() / N);
        assertThat(read.rows())
                .as("whole epochs only")
                .isEqualTo((long) epochs * N)
                .isGreaterThanOrEqualTo(3L * N);
        float[][] weights = read.matrix(ScoreColumn.WEIGHT);
        assertThat(weights).hasNumberOfRows(epochs);
        for (float[] epoch : weights) {
            double sum = 0;
            for (float w : epoch) sum += w;
            // 94 batches, each a softmax: 93 of 32 samples and one of 24.
            assertThat(sum).isCloseTo(94, org.assertj.core.api.Assertions.within(1e-4));
        }
        try (Stream<Path> files = Files.walk(problem.out())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) assertWhole(file);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130, mimic, adamw", "KILL, 137, mimic, adamw", "KILL, 137, agra, sgd"})
    void goesOnToTheSameBits(String signal, int code, String mode, String optimizer) throws Exception {
        Problem problem = problem(50).with("mode", mode).with("optimizer", optimizer);
        kill(problem, signal, code);
        Path killed = problem.out();
        Run resumed = problem.with("resume", "").run("probe");
        assertThat(resumed.err()).isEmpty();
        assertThat(resumed.code()).isZero();

        Path whole = folder.resolve("whole");
        Run run = problem.with("out", whole).run("probe");
        assertThat(run.code()).isZero();
        for (String name : List.of("final_weight.npy", "final_bias.npy", "scores.npy", "sample_weights.npy")) {
            assertThat(killed.resolve(name)).as(name).hasSameBinaryContentAs(whole.resolve(name));
        }
        assertThat(rows(killed)).isEqualTo(rows(whole));
        assertThat(metrics(killed)).isEqualTo(metrics(whole));
        try (Stream<Path> files = Files.list(killed)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "final_weight.npy",
                            "final_bias.npy",
                            "scores.npy",
                            "sample_weights.npy",
                            "metrics.json",
                            "scores",
                            ".run.json",
                            ".checkpoint",
                            ".lock");
        }
    }

    private static List<String> rows(Path run) {
        List<String> rows = new ArrayList<>();
        ScoreLog.open(run.resolve("scores"))
                .forEachRow((id, epoch, step, score, weight, relative, loss) -> rows.add(
                        id + " " + epoch + " " + step + " " + score + " " + weight + " " + relative + " " + loss));
        return rows;
    }

    private static String metrics(Path run) throws IOException {
        return Files.readString(run.resolve("metrics.json")).replaceAll("\"seconds\" : [^,]*", "");
    }

    private Problem problem(int epochs) {
        return new Problem(folder, 1, N, 16, 4)
                .probe("mimic")
                .with("batch-size", 32)
                .with("epochs", epochs)
                .with("quiet", "");
    }

    /** Runs {@code probe} in a process of its own and ends it after three epochs. */
    private void kill(Problem problem, String signal, int code) throws Exception {
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = Run.interruptible(Main.class.getName());
        builder.command().addAll(List.of(problem.arguments("probe")));
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err.toFile())
                .start();
        Path log = problem.out().resolve("scores");
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (parts(log) < 3) {
                assertThat(process.isAlive())
                        .as("ended by itself: %s", Files.readString(err))
                        .isTrue();
                assertThat(System.nanoTime()).as("three epochs in time").isLessThan(deadline);
                Thread.sleep(20);
            }
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends").isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue()).isEqualTo(code);
        if (!signal.equals("KILL")) {
            assertThat(Files.readString(err))
                    .contains("gradmimic: interrupted; kept: " + problem.out() + ": the score log", "--resume");
        }
    }

    private static int parts(Path log) throws IOException {
        if (!Files.isDirectory(log)) return 0;
        try (Stream<Path> files = Files.list(log)) {
            return (int)
                    files.filter(path -> path.toString().endsWith(".parquet")).count();
        }
    }

    /** Under a final name there is a whole file; what is under way begins with a dot. */
    private static void assertWhole(Path file) {
        String name = file.getFileName().toString();
        // The log was read through above; goesOnToTheSameBits reads the checkpoint.
        if (name.startsWith(".") || name.endsWith(".parquet")) return;
        assertThat(name).endsWith(".npy");
        try (NpyFile whole = NpyFile.open(file)) {
            assertThat(whole.elements()).isPositive();
        }
    }
}
