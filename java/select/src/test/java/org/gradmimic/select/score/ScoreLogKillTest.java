package org.gradmimic.select.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A training run that is killed with SIGKILL in the middle of writing. */
class ScoreLogKillTest {

    private static final int BATCH = 512;
    private static final int ROWS_PER_PART = 20_000;

    @TempDir
    Path folder;

    /** Appends for ever; every value follows from the row's number. */
    static final class Run {

        private Run() {}

        public static void main(String[] arguments) {
            long[] ids = new long[BATCH];
            float[] score = new float[BATCH];
            float[] weight = new float[BATCH];
            float[] loss = new float[BATCH];
            try (ScoreLogWriter writer = ScoreLogWriter.resume(Path.of(arguments[0]), ROWS_PER_PART)) {
                for (long step = 0; ; step++) {
                    for (int i = 0; i < BATCH; i++) {
                        long row = step * BATCH + i;
                        ids[i] = row;
                        score[i] = scoreOf(row);
                        weight[i] = 1f / BATCH;
                        loss[i] = -scoreOf(row);
                    }
                    writer.append(0, step, ids, score, weight, loss, BATCH);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 5})
    void finishedPartsAreReadable(int partsBeforeTheKill) throws Exception {
        Path log = folder.resolve("log");
        int parts = killedRun(log, partsBeforeTheKill);
        assertWhole(log, parts);

        // A second run goes on behind the first one's parts and is killed, too.
        int more = killedRun(log, parts + 2);
        assertThat(more).isGreaterThan(parts);
        ScoreLogWriter.resume(log, ROWS_PER_PART).close();
        try (Stream<Path> files = Files.list(log)) {
            assertThat(files.filter(path -> path.toString().endsWith(".tmp"))).isEmpty();
        }
        assertThat(ScoreLog.open(log).rows()).isEqualTo((long) more * ROWS_PER_PART);
    }

    /** Every part is full, and the rows are the first ones without a gap. */
    private static void assertWhole(Path log, int parts) {
        ScoreLog read = ScoreLog.open(log);
        assertThat(read.rows()).isEqualTo((long) parts * ROWS_PER_PART);
        long[] next = {0};
        read.forEachRow((id, epoch, step, score, weight, relative, loss) -> {
            long row = next[0]++;
            if (id != row
                    || step != row / BATCH
                    || epoch != 0
                    || score != scoreOf(row)
                    || loss != -scoreOf(row)
                    || relative != 1) {
                throw new AssertionError("row " + row + ": " + List.of(id, epoch, step, score, relative, loss));
            }
        });
        assertThat(next[0]).isEqualTo(read.rows());
    }

    /** Runs until there are so many parts, kills it and says how many parts there are then. */
    private int killedRun(Path log, int parts) throws Exception {
        // The JVM unpacks DuckDB's library into its temporary folder; a killed one cannot remove it again.
        Path temporary = Files.createDirectories(folder.resolve("tmp"));
        File output = folder.resolve("output.txt").toFile();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-Djava.io.tmpdir=" + temporary,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Run.class.getName(),
                        log.toString())
                .redirectErrorStream(true)
                .redirectOutput(output)
                .start();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (countParts(log) < parts) {
                assertThat(process.isAlive())
                        .as("the run ended by itself: %s", Files.readString(output.toPath()))
                        .isTrue();
                assertThat(System.nanoTime()).as("parts in time").isLessThan(deadline);
                Thread.sleep(5);
            }
        } finally {
            process.destroyForcibly();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(process.exitValue()).as("128 + SIGKILL").isEqualTo(137);
        return countParts(log);
    }

    private static int countParts(Path log) throws IOException {
        return Files.isDirectory(log) ? ScoreLogFolder.parts(log).size() : 0;
    }

    private static float scoreOf(long row) {
        return (row * 2_654_435_761L % 1_000_003L) / 1_000f;
    }
}
