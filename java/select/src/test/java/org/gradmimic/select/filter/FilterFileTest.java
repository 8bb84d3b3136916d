package org.gradmimic.select.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.DuckDb;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.Sql;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.Fixtures;
import org.gradmimic.select.sample.Draws;
import org.gradmimic.select.sample.SoftCapSampling;
import org.gradmimic.select.score.Values;
import org.gradmimic.select.uid.Uid;
import org.gradmimic.select.uid.UidSubset;
import org.gradmimic.select.uid.Uids;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterFileTest {
    @TempDir
    Path folder;

    private static Filter random(int samples) {
        Random random = new Random(samples);
        Filter.Builder filter = Filter.builder(0);
        for (int i = 0; i < samples; i++) {
            filter.add(random.nextInt(3) == 0);
        }
        return filter.build();
    }

    private static List<String> texts(Uids uids) {
        List<String> texts = new ArrayList<>();
        uids.forEach((i, high, low) -> texts.add(Uid.format(high, low)));
        return texts;
    }

    @ParameterizedTest
    @CsvSource({
        ".npy, 0",
        ".npy, 1",
        ".npy, 2",
        ".npy, 100000",
        ".parquet, 0",
        ".parquet, 1",
        ".parquet, 2",
        ".parquet, 100000"
    })
    void aMaskComesBackWithItsLength(String ending, int samples) {
        Filter filter = random(samples);
        Path file = folder.resolve("keep" + ending);
        FilterFile.write(file, filter);
        assertThat(FilterFile.isByUid(file)).isFalse();
        assertThat(FilterFile.read(file)).isEqualTo(filter);
        assertThat(FilterFile.read(file, samples)).isEqualTo(filter);
        assertThatThrownBy(() -> FilterFile.read(file, samples + 1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": is over " + samples + " samples, expected " + (samples + 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 1000})
    void aListOfNumbersComesBackWithALengthGiven(int samples) {
        Filter filter = random(samples);
        Path file = folder.resolve("keep.txt");
        FilterFile.write(file, filter);
        assertThat(FilterFile.read(file, samples)).isEqualTo(filter);
        assertThatThrownBy(() -> FilterFile.read(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the number of all samples is needed");
    }

    @Test
    void numpysBooleansAndOursAreTheSameFile() {
        Filter filter = random(77);
        FilterFile.write(folder.resolve("a.npy"), filter);
        NpyWriter.write(folder.resolve("b.npy"), filter.toBooleans(), 77);
        assertThat(folder.resolve("a.npy")).hasSameBinaryContentAs(folder.resolve("b.npy"));
    }

    @ParameterizedTest
    @ValueSource(strings = {".npy", ".parquet", ".txt"})
    void aListOfUidsIsSortedAndComesBackOverThePool(String ending) {
        Uids pool = Uids.open(Fixtures.datacomp("metadata"));
        List<String> uids = texts(pool);
        Filter filter = random(uids.size());
        Path file = folder.resolve("subset" + ending);
        FilterFile.write(file, filter, pool);

        List<String> kept = new ArrayList<>();
        filter.forEachKept(sample -> kept.add(uids.get((int) sample)));
        assertThat(texts(FilterFile.readUids(file)))
                .isEqualTo(kept.stream().sorted().toList());
        assertThat(texts(Uids.open(file))).isEqualTo(kept.stream().sorted().toList());
        assertThat(FilterFile.isByUid(file)).isTrue();

        // Of a sample that is in the pool twice, both rows are kept if one is.
        Set<String> set = new HashSet<>(kept);
        Filter read = FilterFile.read(file, pool);
        for (int i = 0; i < uids.size(); i++) {
            assertThat(read.keeps(i)).isEqualTo(set.contains(uids.get(i)));
        }
        assertThatThrownBy(() -> FilterFile.read(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": is a list of uids");
    }

    private static final String HIGH = "0".repeat(31);

    /** uids 1, 1, 2, 3 in the order of a pool. */
    private Uids poolWithATwin() throws IOException {
        return Uids.open(Files.writeString(
                folder.resolve("pool.txt"), HIGH + "3\n" + HIGH + "1\n" + HIGH + "2\n" + HIGH + "1\n"));
    }

    /** A filter has no room for repeats, so a list with more of them than the pool is refused. */
    @Test
    void repeatsAreNotLostInSilence() throws IOException {
        Uids pool = poolWithATwin();
        Path file = Files.writeString(folder.resolve("list.txt"), HIGH + "1\n" + HIGH + "1\n");
        assertThat(FilterFile.read(file, pool)).isEqualTo(Filter.of(new boolean[] {false, true, false, true}));
        Files.writeString(file, HIGH + "2\n" + HIGH + "1\n" + HIGH + "2\n");
        assertThatThrownBy(() -> FilterFile.read(file, pool))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        file + ": contains the uid " + HIGH + "2 2 times, and the pool contains it once; a filter does"
                                + " not keep repeats: filter first, then draw the subset from the result");
        assertThatThrownBy(() ->
                        FilterSet.read(Map.of("a", FilterSource.parse(file.toString())), null, OptionalLong.empty()))
                .hasMessageStartingWith(
                        file + ": contains the uid " + HIGH + "2 2 times; a filter does not keep repeats");
        Files.writeString(file, "3\n1\n3\n");
        assertThatThrownBy(() -> FilterFile.read(file, 4))
                .hasMessageStartingWith(file + ": line 3: sample 3 is listed again");
        Path table = folder.resolve("list.parquet");
        new ParquetColumns().longs("sample_id", new long[] {0, 2, 0}).write(table);
        assertThatThrownBy(() -> FilterFile.read(table, 4))
                .hasMessageStartingWith(table + ": row 2: sample 0 is listed again");
        NpyWriter.write(folder.resolve("list.npy"), new long[] {1, 1, 3}, 3);
        assertThatThrownBy(() -> FilterFile.read(folder.resolve("list.npy"), 4))
                .hasMessageContaining("numbers of samples, which may repeat, are no filter");
    }

    @Test
    void drawsAreWrittenAsOftenAsTheyWereDrawn() throws IOException {
        float[] weights = {1, 0, 5, 2};
        try (Draws draws = SoftCapSampling.draw(Values.of(weights), 9, 0.1, 3)) {
            List<Long> numbers = new ArrayList<>();
            List<String> uids = new ArrayList<>();
            Draws.Cursor counts = draws.cursor();
            String[] names = {"3", "1", "2", "1"};
            for (long sample = 0; sample < 4; sample++) {
                for (long left = counts.next(); left > 0; left--) {
                    numbers.add(sample);
                    uids.add(HIGH + names[(int) sample]);
                }
            }
            Collections.sort(uids);
            for (String ending : List.of(".npy", ".txt", ".parquet")) {
                Path file = folder.resolve("draws" + ending);
                FilterFile.write(file, draws, poolWithATwin());
                assertThat(texts(FilterFile.readUids(file))).as(ending).isEqualTo(uids);
            }
            Path array = folder.resolve("numbers.npy");
            FilterFile.write(array, draws);
            assertThat(FilterFile.readNumbers(array, 4))
                    .containsExactly(numbers.stream().mapToLong(Long::longValue).toArray());
            assertThatThrownBy(() -> FilterFile.readNumbers(array, 3))
                    .hasMessageContaining(array + ": element ")
                    .hasMessageContaining("is 3, expected 0 to 2");
            Path text = folder.resolve("numbers.txt");
            FilterFile.write(text, draws);
            assertThat(Files.readAllLines(text))
                    .isEqualTo(numbers.stream().map(String::valueOf).toList());
            Path table = folder.resolve("numbers.parquet");
            FilterFile.write(table, draws);
            List<Long> rows = new ArrayList<>();
            ParquetReader.open(table).integers("sample_id").scan(List.of("sample_id"), chunk -> {
                for (long i = 0; i < chunk.rowCount(); i++)
                    rows.add(chunk.vector(0).getLong(i));
            });
            assertThat(rows).isEqualTo(numbers);
            assertThatThrownBy(() -> FilterFile.write(text, draws, Uids.open(array)))
                    .isInstanceOf(InputException.class);
        }
        FilterFile.write(folder.resolve("keep.npy"), Filter.of(new boolean[] {true, false, true}));
        assertThat(FilterFile.readNumbers(folder.resolve("keep.npy"), 3)).containsExactly(0, 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {".npy", ".parquet"})
    void nothingIsAListOfUidsToo(String ending) {
        Uids pool = Uids.open(Fixtures.datacomp("metadata"));
        Path file = folder.resolve("none" + ending);
        FilterFile.write(file, Filter.none(pool.size()), pool);
        assertThat(FilterFile.readUids(file).size()).isZero();
        assertThat(FilterFile.read(file, pool)).isEqualTo(Filter.none(pool.size()));
    }

    @Test
    void permutingThePoolPermutesTheFilter() throws IOException {
        List<String> uids = texts(Uids.open(Fixtures.datacomp("metadata")));
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < uids.size(); i++) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(3));
        Path shuffled = Files.write(
                folder.resolve("pool.txt"), order.stream().map(uids::get).toList());
        Path subset = Fixtures.datacomp("b32_30.npy");
        Filter straight = FilterFile.read(subset, Uids.open(Fixtures.datacomp("metadata")));
        Filter permuted = FilterFile.read(subset, Uids.open(shuffled));
        for (int i = 0; i < order.size(); i++) {
            assertThat(permuted.keeps(i)).isEqualTo(straight.keeps(order.get(i)));
        }
        FilterFile.write(folder.resolve("a.npy"), straight, Uids.open(Fixtures.datacomp("metadata")));
        FilterFile.write(folder.resolve("b.npy"), permuted, Uids.open(shuffled));
        assertThat(folder.resolve("a.npy")).hasSameBinaryContentAs(folder.resolve("b.npy"));
    }

    @Test
    void rowsOfAParquetFilterMayStandInAnyOrder() {
        Path file = folder.resolve("keep.parquet");
        new ParquetColumns()
                .longs("sample_id", new long[] {2, 0, 1})
                .booleans("keep", new boolean[] {true, false, true})
                .write(file);
        assertThat(FilterFile.read(file).toBooleans()).containsExactly(false, true, true);
        new ParquetColumns().ints("sample_id", new int[] {3, 1}).write(file);
        assertThat(FilterFile.read(file, 5).toBooleans()).containsExactly(false, true, false, true, false);
    }

    /** Such names as Spark gives, and what it leaves beside them. */
    private Path parts(ParquetColumns... parts) throws IOException {
        Path table = Files.createTempDirectory(folder, "keep");
        for (int i = 0; i < parts.length; i++) {
            parts[i].write(table.resolve("part-0000" + i + "-8d0c.c000.snappy.parquet"));
        }
        Files.createFile(table.resolve("_SUCCESS"));
        Files.createFile(table.resolve(".part-00000-8d0c.c000.snappy.parquet.crc"));
        return table;
    }

    @Test
    void aFolderOfPartsIsReadAsOneFile() throws IOException {
        Path flags = parts(
                new ParquetColumns().longs("sample_id", new long[] {4, 0}).booleans("keep", new boolean[] {true, false
                }),
                new ParquetColumns().longs("sample_id", new long[0]).booleans("keep", new boolean[0]),
                new ParquetColumns()
                        .longs("sample_id", new long[] {1, 2, 3})
                        .booleans("keep", new boolean[] {true, true, false}));
        assertThat(FilterFile.isByUid(flags)).isFalse();
        assertThat(FilterFile.samples(flags)).hasValue(5);
        assertThat(FilterFile.read(flags).toBooleans()).containsExactly(false, true, true, false, true);
        assertThatThrownBy(() -> FilterFile.read(flags, 6)).hasMessage(flags + ": is over 5 samples, expected 6");

        Path kept = parts(
                new ParquetColumns().longs("sample_id", new long[] {4}),
                new ParquetColumns().ints("sample_id", new int[] {1, 2}));
        assertThat(FilterFile.samples(kept)).isEmpty();
        assertThat(FilterFile.read(kept, 5)).isEqualTo(FilterFile.read(flags));

        String a = "0".repeat(31) + "a";
        String b = "0".repeat(31) + "b";
        Path uids = parts(
                new ParquetColumns().texts("uid", new String[] {b, a}).booleans("keep", new boolean[] {true, false}),
                new ParquetColumns().texts("uid", new String[] {b}).booleans("keep", new boolean[] {true}));
        assertThat(FilterFile.isByUid(uids)).isTrue();
        assertThat(texts(FilterFile.readUids(uids))).containsExactly(b, b);
        assertThat(FilterFile.read(uids, Uids.open(uids)).toBooleans()).containsExactly(true, false, true);
    }

    @Test
    void aPartOfAnotherKindIsNamed() throws IOException {
        ParquetColumns part =
                new ParquetColumns().longs("sample_id", new long[] {0, 1}).booleans("keep", new boolean[2]);
        Path table = parts(part, part);
        Path second = table.resolve("part-00001-8d0c.c000.snappy.parquet");
        Path first = table.resolve("part-00000-8d0c.c000.snappy.parquet");
        assertRefusedWithin(table, 4, second + ": row 0: sample 0 occurs twice");
        new ParquetColumns()
                .longs("sample_id", new long[] {2, 9})
                .booleans("keep", new boolean[2])
                .write(second);
        assertRefusedWithin(table, 4, second + ": row 1: sample_id is 9, expected 0 to 3");
        new ParquetColumns().longs("sample_id", new long[] {2}).write(second);
        assertRefusedWithin(table, 3, second + ": has no column keep, unlike " + first + " in the same folder");
        new ParquetColumns().texts("uid", new String[] {"0".repeat(32)}).write(second);
        assertRefusedWithin(table, 3, second + ": has a column uid, unlike " + first);
        new ParquetColumns()
                .floats("sample_id", new float[1])
                .booleans("keep", new boolean[1])
                .write(second);
        assertRefusedWithin(table, 3, second + ": column sample_id is FLOAT");
        Files.write(second, new byte[100]);
        assertRefusedWithin(table, 3, second + " is truncated, corrupt or not a Parquet file");
        Files.delete(first);
        Files.delete(second);
        assertRefusedWithin(table, 3, table + ": no .parquet file in this folder");
    }

    private static void assertRefusedWithin(Path table, long samples, String message) {
        assertThatThrownBy(() -> FilterFile.read(table, samples))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void aFlagMayStandBesideUids() {
        Path file = folder.resolve("keep.parquet");
        String a = "0".repeat(31) + "a";
        String b = "0".repeat(31) + "b";
        new ParquetColumns()
                .texts("uid", new String[] {b, a, b})
                .booleans("keep", new boolean[] {true, false, true})
                .write(file);
        assertThat(texts(FilterFile.readUids(file))).containsExactly(b, b);
    }

    private void assertRefused(Path file, String... parts) {
        assertThatThrownBy(() -> FilterFile.read(file, 3))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(parts);
    }

    @Test
    void filesWithoutAFilterAreRefused() throws IOException {
        Path parquet = folder.resolve("keep.parquet");
        assertRefused(parquet, "no such file");
        Files.write(parquet, new byte[100]);
        assertRefused(parquet, "truncated, corrupt or not a Parquet file");
        new ParquetColumns().longs("id", new long[3]).write(parquet);
        assertRefused(parquet, "no column sample_id", "id=BIGINT");
        new ParquetColumns().floats("sample_id", new float[3]).write(parquet);
        assertRefused(parquet, "column sample_id is FLOAT, expected whole numbers");
        new ParquetColumns().longs("sample_id", new long[] {0, 3}).write(parquet);
        assertRefused(parquet, "row 1: sample_id is 3, expected 0 to 2");
        ParquetColumns twice = new ParquetColumns().longs("sample_id", new long[] {0, 1, 0});
        twice.booleans("keep", new boolean[3]).write(parquet);
        assertRefused(parquet, "row 2: sample 0 occurs twice");
        twice = new ParquetColumns().longs("sample_id", new long[] {0, 1, 2});
        twice.ints("keep", new int[3]).write(parquet);
        assertRefused(parquet, "column keep is INTEGER, expected BOOLEAN");
        byte[] whole = Files.readAllBytes(Fixtures.datacomp("metadata/0000.parquet"));
        Files.write(parquet, Arrays.copyOf(whole, whole.length / 2));
        assertRefused(parquet, "truncated, corrupt or not a Parquet file");

        Path npy = folder.resolve("keep.npy");
        NpyWriter.write(npy, new float[3], 3);
        assertRefused(npy, "has dtype f4; expected booleans (b1), or uids (u8,u8)");
        NpyWriter.write(npy, new boolean[3], 3, 1);
        assertRefused(npy, "2 axes");

        Path text = folder.resolve("keep.txt");
        Files.writeString(text, "0\n\n 2 \n3\n");
        assertRefused(text, "line 4 is '3', expected a sample number from 0 to 2");
        Files.writeString(text, "0\n-1\n");
        assertRefused(text, "line 2 is '-1'");
        Files.writeString(text, "0".repeat(32) + "\nx\n");
        assertThatThrownBy(() -> FilterFile.readUids(text))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("line 2 is 'x', expected a uid of 32 hexadecimal digits");
        Files.write(text, new byte[] {'1', '\n', (byte) 0xff});
        assertRefused(text, "is not text");

        assertRefused(folder.resolve("keep.csv"), "to end in .npy, .parquet or .txt");
    }

    @Test
    void anInvalidUidIsNamedWithFileAndRow() {
        Path file = folder.resolve("pool.parquet");
        new ParquetColumns().texts("uid", new String[] {"0".repeat(32), "12"}).write(file);
        assertThatThrownBy(() -> texts(Uids.open(file)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": row 1: uid is '12', expected 32 hexadecimal digits");
        new ParquetColumns().longs("uid", new long[2]).write(file);
        assertThatThrownBy(() -> Uids.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": column uid is BIGINT, expected text");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "encode(uid)",
                "unhex(uid)",
                "CAST(uid AS UUID)",
            })
    void uidsInParquetMayBeBytes(String expression) throws Exception {
        String[] uids = {"0".repeat(32), "f".repeat(32), "0123456789abcdef8123456789abcdef"};
        Path text = folder.resolve("text.parquet");
        new ParquetColumns().texts("uid", uids).write(text);
        Path bytes = folder.resolve("bytes.parquet");
        Sql.execute("COPY (SELECT " + expression + " AS uid FROM " + DuckDb.literal(text) + ") TO "
                + DuckDb.literal(bytes) + " (FORMAT parquet)");
        assertThat(Sql.query("DESCRIBE SELECT uid FROM " + DuckDb.literal(bytes))
                        .get(0))
                .doesNotContain("VARCHAR");
        assertThat(texts(Uids.open(bytes))).containsExactly(uids);
        assertThat(FilterFile.readUids(bytes).fingerprint())
                .isEqualTo(FilterFile.readUids(text).fingerprint());
        assertThat(FilterFile.isByUid(bytes)).isTrue();
    }

    @Test
    void aUidOfOtherBytesIsNamedByFileAndRow() throws Exception {
        Path file = folder.resolve("bytes.parquet");
        Sql.execute("COPY (SELECT unhex('00ff') AS uid) TO " + DuckDb.literal(file) + " (FORMAT parquet)");
        assertThatThrownBy(() -> texts(Uids.open(file)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": row 0: uid is '");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTINYINT", "SMALLINT", "UINTEGER", "UBIGINT"})
    void sampleNumbersMayBeOfAnyTypeOfInteger(String type) throws Exception {
        Path file = folder.resolve("keep.parquet");
        Sql.execute("COPY (SELECT i::" + type + " AS sample_id, i = 1 AS keep FROM range(3) t(i)) TO "
                + DuckDb.literal(file) + " (FORMAT parquet)");
        assertThat(FilterFile.read(file).toBooleans()).containsExactly(false, true, false);
    }

    @Test
    void aPoolOfAnotherSizeIsRefused() {
        Uids pool = Uids.open(Fixtures.datacomp("metadata"));
        Path file = folder.resolve("subset.npy");
        assertThatThrownBy(() -> FilterFile.write(file, Filter.all(5), pool))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("5 samples, but there are 240 uids");
        assertThat(file).doesNotExist();
    }

    @Test
    void aFailureLeavesTheOldFileAlone() throws IOException {
        Path damaged = folder.resolve("pool.txt");
        Files.writeString(damaged, "0".repeat(32) + "\nno uid\n");
        for (String ending : List.of(".npy", ".parquet", ".txt")) {
            Path file = folder.resolve("subset" + ending);
            Files.writeString(file, "old");
            assertThatThrownBy(() -> FilterFile.write(file, Filter.all(2), Uids.open(damaged)))
                    .isInstanceOf(InputException.class);
            assertThat(file).hasContent("old");
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(4);
        }
    }

    @Test
    void unwritableOutputsAreRefusedBeforehand() {
        assertThatThrownBy(() -> FilterFile.requireWritable(folder.resolve("a.csv")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("to end in .npy, .parquet or .txt");
        assertThatThrownBy(() -> FilterFile.requireWritable(folder.resolve("no/a.npy")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no folder");
        FilterFile.requireWritable(folder.resolve("a.npy"));
    }

    @Test
    void numpysSubsetIsRead() {
        UidSubset subset = UidSubset.open(Fixtures.datacomp("all.npy"));
        assertThat(texts(subset))
                .isEqualTo(texts(Uids.open(Fixtures.datacomp("metadata"))).stream()
                        .sorted()
                        .toList());
    }
}
