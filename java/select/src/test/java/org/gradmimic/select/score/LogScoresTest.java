package org.gradmimic.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LogScoresTest {

    @TempDir
    Path folder;

    /** Rows in any order over many small parts, some samples twice in an epoch, some never. */
    private Path log(int epochs, int samples) {
        Path log = folder.resolve("scores");
        Random random = new Random(1);
        try (ScoreLogWriter writer = ScoreLogWriter.create(log, 700)) {
            for (int step = 0; step < epochs * samples / 50; step++) {
                long[] ids = new long[50];
                float[] score = new float[50];
                float[] weight = new float[50];
                float[] loss = new float[50];
                for (int i = 0; i < 50; i++) {
                    ids[i] = random.nextInt(samples);
                    score[i] = random.nextInt(20) == 0 ? Float.NaN : (float) random.nextGaussian();
                    weight[i] = random.nextFloat();
                }
                writer.append(random.nextInt(epochs), step, ids, score, weight, loss, 50);
            }
        }
        return log;
    }

    @ParameterizedTest
    @EnumSource
    void theColumnIsThatOfTheMatrix(ScoreColumn column) {
        ScoreLog log = ScoreLog.open(log(3, 2_000));
        float[][] expected = log.matrix(column, 2_010);
        for (int threads = 1; threads <= 3; threads++) {
            AtomicLong rows = new AtomicLong();
            LogScores scores = LogScores.read(log, column, 2_010, threads, rows::addAndGet);
            assertThat(scores.epochs()).isEqualTo(3);
            assertThat(scores.samples()).isEqualTo(2_010);
            assertThat(rows).hasValue(log.rows());
            for (int epoch = 0; epoch < 3; epoch++) {
                float[] all = new float[2_010];
                scores.read(epoch, 0, 2_010, all);
                assertThat(all).isEqualTo(expected[epoch]);
                float[] some = new float[5];
                scores.read(epoch, 1_999, 5, some);
                assertThat(some).isEqualTo(Arrays.copyOfRange(expected[epoch], 1_999, 2_004));
            }
        }
    }

    @Test
    void nothingIsLeftInTheFolderOfTemporaryFiles() throws Exception {
        ScoreLog log = ScoreLog.open(log(2, 100));
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        long before = leftovers(temporary);
        LogScores.read(log, ScoreColumn.SCORE, 100, 1, rows -> {});
        assertThat(leftovers(temporary)).isEqualTo(before);
    }

    private static long leftovers(Path temporary) throws Exception {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> file.getFileName().toString().startsWith("gradmimic-scores"))
                    .count();
        }
    }

    @Test
    void mismatchesAreNamed() throws Exception {
        ScoreLog log = ScoreLog.open(log(2, 100));
        assertThatThrownBy(() -> LogScores.read(log, ScoreColumn.SCORE, 10, 1, rows -> {}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("they do not belong together");
        for (long samples : new long[] {1L << 45, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> LogScores.read(log, ScoreColumn.SCORE, samples, 1, rows -> {}))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("2 epochs × " + samples + " samples")
                    .hasMessageContaining("has no room for them");
        }
    }

    @Test
    void aDamagedPartIsNamedWhicheverThreadReadsIt() throws Exception {
        Path folder = log(2, 2_000);
        ScoreLog log = ScoreLog.open(folder);
        Path part = log.parts().get(3);
        byte[] bytes = Files.readAllBytes(part);
        for (int i = 4; i < bytes.length / 2; i++) {
            bytes[i] = (byte) 0xee;
        }
        Files.write(part, bytes);
        for (int threads = 1; threads <= 3; threads++) {
            int n = threads;
            assertThatThrownBy(() -> LogScores.read(log, ScoreColumn.SCORE, 2_000, n, rows -> {}))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("part-000003.parquet")
                    .hasMessageContaining("corrupt");
        }
    }
}
