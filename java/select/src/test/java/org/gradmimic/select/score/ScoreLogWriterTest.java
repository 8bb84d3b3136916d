package org.gradmimic.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.io.Sql;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoreLogWriterTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void rowsComeBackInOrderWhateverTheSizes(long seed) throws Exception {
        Random random = new Random(seed);
        int rowsPerPart = 1 + random.nextInt(9000);
        List<List<Object>> expected = new ArrayList<>();
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, rowsPerPart)) {
            for (int step = 0; step < 40; step++) {
                int count = random.nextInt(step % 10 == 0 ? 5000 : 64);
                long[] ids = random.longs(count + 3, 0, Long.MAX_VALUE).toArray();
                float[] score = floats(random, count + 1);
                float[] weight = floats(random, count);
                float[] loss = floats(random, count + 2);
                writer.append(step / 8, step, ids, score, weight, loss, count);
                for (int i = 0; i < count; i++) {
                    expected.add(
                            List.of(ids[i], step / 8, (long) step, score[i], weight[i], weight[i] * count, loss[i]));
                }
                if (random.nextInt(15) == 0) {
                    writer.flush();
                }
            }
        }

        List<List<Object>> actual = new ArrayList<>();
        ScoreLog log = ScoreLog.open(folder);
        log.forEachRow((id, epoch, step, score, weight, relative, loss) ->
                actual.add(List.of(id, epoch, step, score, weight, relative, loss)));
        assertThat(actual).isEqualTo(expected);
        assertThat(log.rows()).isEqualTo(expected.size());
        assertThat(Sql.query("SELECT sample_id, epoch, step, score, weight, relative_weight, loss FROM read_parquet('"
                        + folder + "/*.parquet')"))
                .isEqualTo(expected);
    }

    @Test
    void partsHaveTheSizeAskedForAndFlushEndsOne() throws Exception {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 10)) {
            append(writer, 0, 25);
            writer.flush();
            writer.flush();
            append(writer, 1, 10);
            append(writer, 2, 1);
        }
        List<Long> rows = new ArrayList<>();
        for (Path part : ScoreLog.open(folder).parts()) {
            rows.add(ScoreLog.open(part).rows());
        }
        assertThat(rows).containsExactly(10L, 10L, 5L, 10L, 1L);
        assertThat(visible())
                .containsExactly(
                        "part-000000.parquet",
                        "part-000001.parquet",
                        "part-000002.parquet",
                        "part-000003.parquet",
                        "part-000004.parquet");
    }

    @Test
    void aFlushedPartIsReadableWhileTheLogIsOpen() {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 1000)) {
            append(writer, 0, 7);
            writer.flush();
            append(writer, 1, 7);
            assertThat(ScoreLog.open(folder).rows()).isEqualTo(7);
        }
    }

    @Test
    void nonFiniteValuesAreStoredAsNaNAndWeightsAreRelativeToTheBatch() {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 100)) {
            float[] score = {1, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};
            float[] weight = {1, 0, 0, 0};
            writer.append(0, 0, new long[] {0, 1, 2, 3}, score, weight, new float[4], 4);
        }
        ScoreLog log = ScoreLog.open(folder);
        assertThat(log.matrix(ScoreColumn.SCORE)[0]).containsExactly(1, Float.NaN, Float.NaN, Float.NaN);
        assertThat(log.matrix(ScoreColumn.RELATIVE_WEIGHT)[0]).containsExactly(4, 0, 0, 0);
    }

    @Test
    void anExistingLogIsRefusedUnlessResumed() {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 10)) {
            append(writer, 0, 15);
        }
        assertThatThrownBy(() -> ScoreLogWriter.create(folder, 10))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("already contains a score log of 2 parts");
        try (ScoreLogWriter writer = ScoreLogWriter.resume(folder, 20)) {
            append(writer, 1, 30);
        }
        ScoreLog log = ScoreLog.open(folder);
        assertThat(log.rows()).isEqualTo(45);
        assertThat(log.parts()).hasSize(4).last().isEqualTo(folder.resolve("part-000003.parquet"));
    }

    @Test
    void leftoversOfAKilledRunAreIgnoredAndRemoved() throws Exception {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 10)) {
            append(writer, 0, 10);
        }
        Path leftover = Files.writeString(folder.resolve(".part-000001.parquet.gm-1-1-0.tmp"), "PAR1 half");
        Path lock = Files.createFile(folder.resolve(".part-000001.parquet.gm-1-1-0.lock"));
        Path another = Files.writeString(folder.resolve("notes.txt"), "not ours");
        assertThat(ScoreLog.open(folder).rows()).isEqualTo(10);
        ScoreLogWriter.resume(folder, 10).close();
        assertThat(leftover).doesNotExist();
        assertThat(lock).doesNotExist();
        assertThat(another).exists();
    }

    /** Locks of a process exclude other processes only, so that it takes one to see whether the lock is still there. */
    private static boolean otherProcessCanLock(Path folder) throws IOException, InterruptedException {
        Path source = Files.writeString(
                folder.resolve("Lock.java"),
                "class Lock { public static void main(String[] a) throws Exception { System.exit("
                        + "java.nio.channels.FileChannel.open(java.nio.file.Path.of(a[0]),"
                        + " java.nio.file.StandardOpenOption.WRITE).tryLock() == null ? 1 : 0); } }");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        int code = new ProcessBuilder(
                        java, source.toString(), folder.resolve(".lock").toString())
                .inheritIO()
                .start()
                .waitFor();
        assertThat(code).isIn(0, 1);
        return code == 0;
    }

    @Test
    void twoWritersOfOneFolderAreRefused() throws Exception {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 10)) {
            assertThatThrownBy(() -> ScoreLogWriter.resume(folder, 10))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("is in use by process");
            // A look at the log must not release the lock either.
            assertThat(ScoreLog.isBeingWritten(folder)).isTrue();
            assertThat(otherProcessCanLock(folder)).isFalse();
            append(writer, 0, 1);
        }
        assertThatCode(() -> ScoreLogWriter.resume(folder, 10).close()).doesNotThrowAnyException();
    }

    @Test
    void closeIsIdempotentAndAClosedWriterThrows() {
        ScoreLogWriter writer = ScoreLogWriter.create(folder, 10);
        append(writer, 0, 3);
        writer.close();
        writer.close();
        assertThat(ScoreLog.open(folder).rows()).isEqualTo(3);
        assertThatExceptionOfType(InvalidStateException.class)
                .isThrownBy(() -> append(writer, 0, 3))
                .withMessageContaining("is closed");
        assertThatExceptionOfType(InvalidStateException.class)
                .isThrownBy(writer::flush)
                .withMessageContaining("is closed");
    }

    @Test
    void wrongArgumentsAreNamedAndWriteNothing() throws Exception {
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> ScoreLogWriter.create(folder, 0));
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 10)) {
            float[] two = new float[2];
            long[] ids = {0, 1};
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> writer.append(0, 0, new long[] {3, -1}, two, two, two, 2))
                    .withMessageContaining("ids[1] = -1");
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> writer.append(0, 0, ids, two, new float[1], two, 2))
                    .withMessageContaining("weight has 1 values, count is 2");
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> writer.append(-1, 0, ids, two, two, two, 2));
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> writer.append(0, -1, ids, two, two, two, 2));
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> writer.append(0, 0, ids, two, two, two, -1));
        }
        assertThat(visible()).isEmpty();
    }

    @Test
    void anInterruptedCallerStillGetsItsPartsAndStaysInterrupted() {
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 10)) {
            Thread.currentThread().interrupt();
            append(writer, 0, 35);
            writer.flush();
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(ScoreLog.open(folder).rows()).isEqualTo(35);
    }

    @Test
    void aFileInPlaceOfTheFolderIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("log"), "");
        assertThatThrownBy(() -> ScoreLogWriter.create(file, 10))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> ScoreLogWriter.create(file.resolve("below"), 10))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void aFolderWithoutWritePermissionIsNamed() throws Exception {
        Path locked = Files.createDirectory(folder.resolve("locked"));
        try {
            Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
            assumeFalse(Files.isWritable(locked), "root may write everywhere");
            assertThatThrownBy(() -> ScoreLogWriter.create(locked, 10))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(locked.toString())
                    .hasMessageContaining("permission denied");
        } finally {
            Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void aFolderThatVanishesIsReportedOnEveryCallAfterAndOnceByClose() throws Exception {
        Path log = folder.resolve("log");
        ScoreLogWriter writer = ScoreLogWriter.create(log, 10);
        Files.delete(log.resolve(".lock"));
        Files.delete(log);
        append(writer, 0, 3);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(writer::flush)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("part-000000.parquet");
        }
        assertThatThrownBy(() -> append(writer, 0, 1)).isInstanceOf(InputException.class);
        assertThatCode(writer::close).doesNotThrowAnyException();

        ScoreLogWriter unreported = ScoreLogWriter.create(log, 10);
        Files.delete(log.resolve(".lock"));
        Files.delete(log);
        append(unreported, 0, 3);
        assertThatThrownBy(unreported::close).isInstanceOf(InputException.class);
        assertThatCode(unreported::close).doesNotThrowAnyException();
    }

    private static void append(ScoreLogWriter writer, int epoch, int count) {
        long[] ids = new long[count];
        for (int i = 0; i < count; i++) {
            ids[i] = i;
        }
        writer.append(epoch, epoch, ids, new float[count], new float[count], new float[count], count);
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private List<String> visible() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }
}
