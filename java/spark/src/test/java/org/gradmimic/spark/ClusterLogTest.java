package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.apache.spark.api.java.JavaSparkContext;
import org.gradmimic.base.InputException;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.ScoreLogWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterLogTest {

    @TempDir
    Path temporary;

    private final JavaSparkContext spark =
            new JavaSparkContext(Cluster.session().sparkContext());

    @ParameterizedTest
    @ValueSource(strings = {"sample_id", "step", "loss"})
    void aMissingColumnIsNamed(String column) throws Exception {
        Path file = Sql.copy(
                "SELECT * EXCLUDE (" + column + ") FROM (" + Sql.ROW + ")", temporary.resolve("missing.parquet"));
        assertThat(refusal(file)).contains(file.toString(), "no column " + column);
    }

    @ParameterizedTest
    @CsvSource({
        "score, DOUBLE, double score",
        "epoch, BIGINT, int64 epoch",
        "epoch, UINTEGER, int32 epoch",
        "sample_id, VARCHAR, binary sample_id",
        "sample_id, TIMESTAMP, int64 sample_id",
        "step, BIGINT[], group step"
    })
    void aColumnOfAnotherTypeIsNamed(String column, String type, String shown) throws Exception {
        String value = type.endsWith("[]") ? "[step]" : type.equals("TIMESTAMP") ? "TIMESTAMP '2026-01-01'" : column;
        Path file = Sql.copy(
                "SELECT * REPLACE (" + value + "::" + type + " AS " + column + ") FROM (" + Sql.ROW + ")",
                temporary.resolve("type.parquet"));
        assertThat(refusal(file)).contains(file.toString(), "column " + column + " is ", shown, "expected a plain");
    }

    @Test
    void onePartOfAnotherTypeIsNamed() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("log"));
        Sql.copy(Sql.ROW, folder.resolve("part-000000.parquet"));
        Path odd = Sql.copy(
                "SELECT * REPLACE (score::DOUBLE AS score) FROM (" + Sql.ROW + ")",
                folder.resolve("part-000001.parquet"));
        assertThat(refusal(folder)).contains(odd.toString(), "column score is");
    }

    @ParameterizedTest
    @CsvSource({
        "sample_id, -1::BIGINT, sample_id runs from -1",
        "sample_id, 9223372036854775807, sample_id runs from 9223372036854775807",
        "epoch, -2::INTEGER, epoch runs from -2",
        "epoch, 2147483647, epoch runs from 2147483647",
        "sample_id, NULL::BIGINT, sample_id is NULL",
        "epoch, NULL::INTEGER, epoch is NULL"
    })
    void numbersThatCountNothingAreNamed(String column, String value, String message) throws Exception {
        Path file = Sql.copy(
                "SELECT * REPLACE (" + value + " AS " + column + ") FROM (" + Sql.ROW + ")",
                temporary.resolve("range.parquet"));
        assertThat(refusal(file)).contains(file.toString(), message);
    }

    @Test
    void damagedPartsAreNamed() throws Exception {
        Path folder = noise();
        Path part = folder.resolve("part-000001.parquet");
        byte[] whole = Files.readAllBytes(part);
        for (int length : new int[] {0, 3, 12, whole.length / 2, whole.length - 1}) {
            Files.write(part, Arrays.copyOf(whole, length));
            assertThat(refusal(folder))
                    .as("cut to %d of %d bytes", length, whole.length)
                    .contains(part.toString())
                    .doesNotContain("\n");
        }
        // The first bytes of pages are headers and compressed data; the footer at the end stays.
        byte[] pages = whole.clone();
        Arrays.fill(pages, 4, pages.length / 2, (byte) 0x5a);
        Files.write(part, pages);
        assertThat(refusal(folder)).contains(part.toString()).doesNotContain("\n");
        byte[] footer = whole.clone();
        Arrays.fill(footer, footer.length - 200, footer.length - 50, (byte) 0x5a);
        Files.write(part, footer);
        assertThat(refusal(folder)).contains(part.toString()).doesNotContain("\n");
    }

    @Test
    void nothingThereIsNamed() throws Exception {
        Path folder = temporary.resolve("log");
        assertThat(refusal(folder)).contains(folder.toString(), "no such score log");
        Files.createDirectory(folder);
        Files.createFile(folder.resolve(".part-000000.parquet.tmp"));
        assertThat(refusal(folder)).contains(folder.toString(), "no finished part");
    }

    @Test
    void aFileWithoutStatisticsIsScanned() {
        Path folder = temporary.resolve("plain");
        Cluster.session()
                .range(1, 1001)
                .selectExpr(
                        "id * 3 AS sample_id",
                        "CAST(id % 4 AS INT) AS epoch",
                        "id AS step",
                        "CAST(id AS FLOAT) AS score",
                        "CAST(id AS FLOAT) AS weight",
                        "CAST(id AS FLOAT) AS relative_weight",
                        "CAST(id AS FLOAT) AS loss")
                .coalesce(1)
                .write()
                .option("parquet.column.statistics.enabled", "false")
                .parquet(folder.toString());
        ClusterLog log = ClusterLog.open(spark, folder.toString());
        assertThat(log.rows()).isEqualTo(1000);
        Path file = folder.toFile()
                .listFiles((dir, name) -> name.endsWith(".parquet"))[0]
                .toPath();
        assertThat(ClusterLog.open(spark, file.toString()).rows()).isEqualTo(1000);
        assertThat(ScoreLog.open(folder).rows()).isEqualTo(1000);
        assertThat(log.samples()).isEqualTo(3001);
        assertThat(log.epochs()).isEqualTo(4);
    }

    /** Opens and reads a log, which must fail, and returns what the user is told. */
    private String refusal(Path log) {
        try {
            ClusterLog opened = ClusterLog.open(spark, log.toString());
            BlockShape shape = BlockShape.of(opened.epochs(), opened.samples(), 1 << 16);
            ScoreBlocks.of(spark, opened.splits(1 << 20), ScoreColumn.SCORE, shape)
                    .count();
        } catch (Exception e) { // Spark's is a checked one that Java does not know of
            InputException input = Failures.input(e);
            if (input == null) {
                throw new AssertionError("not an input error", e);
            }
            return input.getMessage();
        }
        throw new AssertionError(log + " was read");
    }

    private Path noise() {
        Path folder = temporary.resolve("log");
        Random random = new Random(1);
        int rows = 30_000;
        float[] noise = new float[rows];
        for (int i = 0; i < rows; i++) {
            noise[i] = random.nextFloat();
        }
        try (ScoreLogWriter writer = ScoreLogWriter.create(folder, rows / 3)) {
            writer.append(0, 0, random.longs(rows, 0, rows).toArray(), noise, noise, noise, rows);
        }
        return folder;
    }
}
