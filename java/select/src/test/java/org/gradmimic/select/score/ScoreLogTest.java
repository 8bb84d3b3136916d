package org.gradmimic.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.gradmimic.base.InputException;
import org.gradmimic.io.DuckDb;
import org.gradmimic.io.Sql;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScoreLogTest {

    private static final String COLUMNS = "SELECT 3::BIGINT AS sample_id, 1::INTEGER AS epoch, 7::BIGINT AS step,"
            + " 0.5::FLOAT AS score, 0.25::FLOAT AS weight, 1::FLOAT AS relative_weight, 2::FLOAT AS loss";

    @TempDir
    Path temporary;

    private Path folder;

    @BeforeEach
    void folder() {
        folder = temporary.resolve("log");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aMatrixAgreesWithCellByCellReading(long seed) {
        Random random = new Random(seed);
        int samples = 1 + random.nextInt(40);
        int epochs = 1 + random.nextInt(5);
        float[][] expected = new float[epochs][samples];
        for (float[] row : expected) {
            Arrays.fill(row, Float.NaN);
        }
        int lastEpoch = -1;
        int lastSample = -1;
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, 1 + random.nextInt(60))) {
            for (int step = 0; step < 60; step++) {
                int epoch = random.nextInt(epochs);
                int sample = random.nextInt(samples);
                float loss = random.nextFloat();
                expected[epoch][sample] = loss; // repeats: the last one stays
                writer.append(epoch, step, new long[] {sample}, new float[1], new float[1], new float[] {loss}, 1);
                lastEpoch = Math.max(lastEpoch, epoch);
                lastSample = Math.max(lastSample, sample);
            }
        }
        ScoreLog log = ScoreLog.open(folder);
        assertThat(log.epochs()).isEqualTo(lastEpoch + 1);
        assertThat(log.samples()).isEqualTo(lastSample + 1);
        float[][] actual = log.matrix(ScoreColumn.LOSS, samples);
        for (int epoch = 0; epoch <= lastEpoch; epoch++) {
            assertThat(actual[epoch]).as("epoch %d", epoch).isEqualTo(expected[epoch]); // NaN equals NaN here
        }
        assertThat(log.matrix(ScoreColumn.LOSS)[0]).hasSize(lastSample + 1);
    }

    @Test
    void eachColumnIsItself() throws Exception {
        Path file = temporary.resolve("one.parquet");
        copy(COLUMNS, file);
        ScoreLog log = ScoreLog.open(file);
        assertThat(log.matrix(ScoreColumn.SCORE)[1][3]).isEqualTo(0.5f);
        assertThat(log.matrix(ScoreColumn.WEIGHT)[1][3]).isEqualTo(0.25f);
        assertThat(log.matrix(ScoreColumn.RELATIVE_WEIGHT)[1][3]).isEqualTo(1f);
        assertThat(log.matrix(ScoreColumn.LOSS)[1][3]).isEqualTo(2f);
        assertThat(log.matrix(ScoreColumn.SCORE)[0]).containsOnly(Float.NaN);
    }

    @Test
    void aFolderThatSomethingElseWroteIsReadInTheOrderOfItsNames() throws Exception {
        Files.createDirectory(folder);
        copy(COLUMNS, folder.resolve("part-00000-8d0c.c000.zstd.parquet"));
        copy(
                "SELECT * REPLACE (9::FLOAT AS score) FROM (" + COLUMNS + ")",
                folder.resolve("part-00001-8d0c.c000.zstd.parquet"));
        Files.createFile(folder.resolve("_SUCCESS"));
        ScoreLog log = ScoreLog.open(folder);
        assertThat(log.rows()).isEqualTo(2);
        assertThat(log.matrix(ScoreColumn.SCORE)[1][3]).isEqualTo(9f);

        // Beside a part's name others are not looked at.
        copy(COLUMNS, folder.resolve("part-000000.parquet"));
        assertThat(ScoreLog.open(folder).parts()).containsExactly(folder.resolve("part-000000.parquet"));
    }

    @Test
    void otherColumnsAndAnotherOrderDoNotMatter() throws Exception {
        Path file = temporary.resolve("more.parquet");
        copy(
                "SELECT 'x' AS note, loss, weight, score, relative_weight, step, sample_id, epoch FROM (" + COLUMNS
                        + ")",
                file);
        assertThat(ScoreLog.open(file).matrix(ScoreColumn.LOSS, 5)[1])
                .containsExactly(Float.NaN, Float.NaN, Float.NaN, 2, Float.NaN);
    }

    @Test
    void aNullValueReadsAsNaN() throws Exception {
        Path file = temporary.resolve("null.parquet");
        copy("SELECT * REPLACE (NULL::FLOAT AS score) FROM (" + COLUMNS + ")", file);
        assertThat(ScoreLog.open(file).matrix(ScoreColumn.SCORE)[1][3]).isNaN();
    }

    @Test
    void aFileWithoutRowsIsAnEmptyLog() throws Exception {
        Path file = temporary.resolve("empty.parquet");
        copy("FROM (" + COLUMNS + ") WHERE false", file);
        ScoreLog log = ScoreLog.open(file);
        assertThat(log.rows()).isZero();
        assertThat(log.matrix(ScoreColumn.SCORE)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sample_id", "epoch", "step", "score", "weight", "relative_weight", "loss"})
    void aMissingColumnIsNamed(String column) throws Exception {
        Path file = temporary.resolve("missing.parquet");
        copy("SELECT * EXCLUDE (" + column + ") FROM (" + COLUMNS + ")", file);
        assertThatThrownBy(() -> ScoreLog.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("no column " + column);
    }

    @ParameterizedTest
    @CsvSource({"score, DOUBLE, FLOAT", "epoch, BIGINT, INTEGER", "sample_id, VARCHAR, BIGINT"})
    void aColumnOfAnotherTypeIsNamed(String column, String found, String expected) throws Exception {
        Path file = temporary.resolve("type.parquet");
        copy("SELECT * REPLACE (" + column + "::" + found + " AS " + column + ") FROM (" + COLUMNS + ")", file);
        assertThatThrownBy(() -> ScoreLog.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("column " + column + " is " + found + ", expected " + expected);
    }

    @ParameterizedTest
    @CsvSource({
        "sample_id, -1::BIGINT, sample_id runs from -1",
        "sample_id, 9223372036854775807, sample_id runs from 9223372036854775807",
        "epoch, -2::INTEGER, epoch runs from -2",
        "epoch, 2147483647, epoch runs from 2147483647",
        "sample_id, NULL::BIGINT, NULL",
        "epoch, NULL::INTEGER, NULL"
    })
    void numbersThatCountNothingAreNamed(String column, String value, String message) throws Exception {
        Path file = temporary.resolve("range.parquet");
        copy("SELECT * REPLACE (" + value + " AS " + column + ") FROM (" + COLUMNS + ")", file);
        assertThatThrownBy(() -> ScoreLog.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    @Test
    void aTruncatedPartIsNamed() throws Exception {
        writeNoise(30_000);
        Path part = folder.resolve("part-000001.parquet");
        byte[] whole = Files.readAllBytes(part);
        for (int length : new int[] {0, 3, 4, 12, whole.length / 2, whole.length - 1}) {
            Files.write(part, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> ScoreLog.open(folder))
                    .as("cut to %d of %d bytes", length, whole.length)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(part.toString())
                    .hasMessageNotContainingAny("\n", "LINE 1");
        }
    }

    /** Its footer says that there is one epoch; its rows have two. */
    @Test
    void aFooterThatContradictsItsRowsIsRefused() throws Exception {
        Path file = Path.of(Objects.requireNonNull(ScoreLogTest.class.getResource("/score/footer-below-data.parquet"))
                .toURI());
        ScoreLog log = ScoreLog.open(file);
        assertThat(log.epochs()).isEqualTo(1);
        String message = file + ": row 20: epoch is 1, but the file's footer says 0 to 0";
        assertThatThrownBy(() -> log.matrix(ScoreColumn.SCORE))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
        assertThatThrownBy(() -> LogScores.read(log, ScoreColumn.SCORE, 20, 2, rows -> {}))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
        assertThatThrownBy(() -> log.forEachRow((id, epoch, step, score, weight, relative, loss) -> {}))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void aFolderNamedLikeAColumnDoesNotReplaceIt() throws Exception {
        Path sweep = Files.createDirectories(temporary.resolve("loss=ce/epoch=5/step=100"));
        Path file = sweep.resolve("log.parquet");
        copy(COLUMNS, file);
        ScoreLog log = ScoreLog.open(file);
        assertThat(log.epochs()).isEqualTo(2);
        assertThat(log.matrix(ScoreColumn.LOSS)[1][3]).isEqualTo(2f);
        log.forEachRow((id, epoch, step, score, weight, relative, loss) ->
                assertThat(step).isEqualTo(7));
    }

    @Test
    void aPartWithDamagedPagesIsNamedWhenRead() throws Exception {
        writeNoise(30_000);
        Path part = folder.resolve("part-000002.parquet");
        byte[] bytes = Files.readAllBytes(part);
        // The first bytes of pages are headers and compressed data; the footer at the end stays.
        Arrays.fill(bytes, 4, bytes.length / 2, (byte) 0x5a);
        Files.write(part, bytes);
        assertThatThrownBy(
                        () -> ScoreLog.open(folder).forEachRow((id, epoch, step, score, weight, relative, loss) -> {}))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(part.toString());
        assertThatThrownBy(() -> ScoreLog.open(folder).matrix(ScoreColumn.SCORE))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(part.toString());
    }

    @Test
    void aDamagedFooterAndAnotherFormatAreNamed() throws Exception {
        writeNoise(1000);
        Path part = folder.resolve("part-000000.parquet");
        byte[] bytes = Files.readAllBytes(part);
        Arrays.fill(bytes, bytes.length - 200, bytes.length - 50, (byte) 0x5a);
        Files.write(part, bytes);
        assertThatThrownBy(() -> ScoreLog.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(part.toString());
        Files.write(part, "sample_id,score\n0,1\n".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> ScoreLog.open(part))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(part.toString());
    }

    @Test
    void nothingThereIsNamed() throws Exception {
        assertThatThrownBy(() -> ScoreLog.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(folder.toString());
        Files.createDirectory(folder);
        assertThatThrownBy(() -> ScoreLog.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no finished part");
    }

    @Test
    void idsThatDoNotFitAMatrixAreRefused() throws Exception {
        Path file = temporary.resolve("ids.parquet");
        copy("SELECT * REPLACE (5000000000 AS sample_id) FROM (" + COLUMNS + ")", file);
        ScoreLog log = ScoreLog.open(file);
        assertThatThrownBy(() -> log.matrix(ScoreColumn.SCORE))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("5000000000");
        assertThatThrownBy(() -> log.matrix(ScoreColumn.SCORE, 100))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("only 100");
    }

    @Test
    void aFolderNamedLikeAPatternReadsItselfOnly() {
        Path brackets = temporary.resolve("run[1]");
        Path plain = temporary.resolve("run1");
        for (Path path : new Path[] {brackets, plain}) {
            try (ScoreLogWriter writer = ScoreLogWriter.create(path, 10)) {
                float[] value = {path.equals(plain) ? 1 : 2};
                writer.append(0, 0, new long[1], value, value, value, 1);
            }
        }
        assertThat(ScoreLog.open(brackets).matrix(ScoreColumn.SCORE)[0][0]).isEqualTo(2);
    }

    private void writeNoise(int rows) {
        Random random = new Random(1);
        float[] noise = new float[rows];
        for (int i = 0; i < rows; i++) {
            noise[i] = random.nextFloat();
        }
        long[] ids = random.longs(rows, 0, rows).toArray();
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, Math.max(1, rows / 3))) {
            writer.append(0, 0, ids, noise, noise, noise, rows);
        }
    }

    private static void copy(String select, Path file) throws Exception {
        Sql.execute("COPY (" + select + ") TO " + DuckDb.literal(file) + " (FORMAT parquet)");
    }
}
