package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetColumnsTest {

    @TempDir
    Path folder;

    // Around DuckDB's vector of 2048 rows and row group of 122,880.
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 2047, 2048, 2049, 4096, 122_880, 130_001})
    void writtenValuesAreReadBack(int rows) throws Exception {
        Random random = new Random(rows);
        long[] longs = random.longs(rows).toArray();
        int[] ints = random.ints(rows).toArray();
        float[] floats = new float[rows];
        boolean[] booleans = new boolean[rows];
        for (int i = 0; i < rows; i++) {
            floats[i] = i % 7 == 0 ? Float.NaN : i % 11 == 0 ? Float.NEGATIVE_INFINITY : random.nextFloat();
            booleans[i] = random.nextBoolean();
        }
        Path file = folder.resolve("columns.parquet");

        new ParquetColumns()
                .longs("a", longs)
                .ints("b", ints)
                .floats("c", floats)
                .booleans("d", booleans)
                .write(file);

        List<List<Object>> expected = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            expected.add(List.of(longs[i], ints[i], floats[i], booleans[i]));
        }
        assertThat(Sql.read(file)).isEqualTo(expected);
        assertOnly("columns.parquet");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void blocksOfAnySizeMakeTheSameFile(long seed) throws Exception {
        Random random = new Random(seed);
        int rows = 10_000;
        long[] ids = random.longs(rows).toArray();
        Path whole = folder.resolve("whole.parquet");
        Path blocks = folder.resolve("blocks.parquet");
        new ParquetColumns().longs("id", ids).write(whole);
        List<ParquetColumns> pieces = new ArrayList<>();
        for (int from = 0; from < rows; ) {
            int to = Math.min(rows, from + random.nextInt(3000)); // some are empty
            pieces.add(new ParquetColumns().longs("id", Arrays.copyOfRange(ids, from, to)));
            from = to;
        }
        pieces.add(new ParquetColumns().longs("id", new long[0]));

        ParquetColumns.write(blocks, pieces.iterator());

        assertThat(Sql.read(blocks)).isEqualTo(Sql.read(whole));
    }

    @Test
    void arraysOfABlockAreReused() throws Exception {
        long[] buffer = new long[1500];
        Iterator<ParquetColumns> source = new Iterator<>() {
            private int block;

            @Override
            public boolean hasNext() {
                return block < 4;
            }

            @Override
            public ParquetColumns next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Arrays.fill(buffer, block++);
                return new ParquetColumns().longs("block", buffer);
            }
        };
        Path file = folder.resolve("reused.parquet");

        ParquetColumns.write(file, source);

        assertThat(Sql.query("SELECT block, count(*) FROM read_parquet(" + DuckDb.literal(file)
                        + ") GROUP BY block ORDER BY block"))
                .isEqualTo(List.of(List.of(0L, 1500L), List.of(1L, 1500L), List.of(2L, 1500L), List.of(3L, 1500L)));
    }

    @Test
    void aFailingSourcePassesThroughAndLeavesWhatWasThere() throws Exception {
        Path file = folder.resolve("scores.parquet");
        new ParquetColumns().longs("id", new long[] {7}).write(file);
        byte[] before = Files.readAllBytes(file);
        InputException failure = new InputException("features.npy: truncated");
        Iterator<ParquetColumns> source = Stream.iterate(0, i -> i + 1)
                .map(i -> {
                    if (i == 3) {
                        throw failure;
                    }
                    return new ParquetColumns().longs("id", new long[5000]);
                })
                .iterator();

        assertThatThrownBy(() -> ParquetColumns.write(file, source)).isSameAs(failure);

        assertThat(file).hasBinaryContent(before);
        assertOnly("scores.parquet");
    }

    @Test
    void aBlockOfOtherColumnsIsRefused() throws Exception {
        ParquetColumns first = new ParquetColumns().longs("id", new long[1]);
        for (ParquetColumns other : List.of(
                new ParquetColumns().floats("id", new float[1]),
                new ParquetColumns().longs("ids", new long[1]),
                new ParquetColumns().longs("id", new long[1]).floats("score", new float[1]))) {
            assertThatExceptionOfType(InvalidArgumentException.class)
                    .isThrownBy(() -> ParquetColumns.write(
                            folder.resolve("x.parquet"), List.of(first, other).iterator()))
                    .withMessageContaining("the first one has id BIGINT");
        }
        assertOnly();
    }

    @Test
    void columnsMustFitTogether() {
        ParquetColumns columns = new ParquetColumns().longs("id", new long[3]);
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> columns.floats("score", new float[2]))
                .withMessage("column score has 2 rows, the ones before it have 3");
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() -> columns.longs("id", new long[3]))
                .withMessage("column id is there already");
        Path file = folder.resolve("x.parquet");
        assertThatExceptionOfType(InvalidArgumentException.class).isThrownBy(() -> new ParquetColumns().write(file));
        assertThatExceptionOfType(InvalidArgumentException.class)
                .isThrownBy(() ->
                        ParquetColumns.write(file, List.<ParquetColumns>of().iterator()));
    }

    @Test
    void aMissingFolderOrAFolderInPlaceOfTheFileIsNamed() throws Exception {
        ParquetColumns columns = new ParquetColumns().longs("id", new long[1]);
        Path nowhere = folder.resolve("missing").resolve("x.parquet");
        assertThatThrownBy(() -> columns.write(nowhere))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(nowhere.toString())
                .hasMessageContaining("no folder");
        assertThatThrownBy(() -> columns.write(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is a folder");
        assertOnly();
    }

    @Test
    void namesWithQuotesAndPatternCharactersAreTakenLiterally() throws Exception {
        Path odd = Files.createDirectory(folder.resolve("it's [1] *?"));
        Path file = odd.resolve("a{b}.parquet");
        new ParquetColumns().longs("id", new long[] {7}).write(file);
        assertThat(Sql.query(
                        "SELECT id FROM read_parquet('" + DuckDb.pattern(file).replace("'", "''") + "')"))
                .isEqualTo(List.of(List.of(7L)));
    }

    private void assertOnly(String... names) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder(names);
        }
    }
}
