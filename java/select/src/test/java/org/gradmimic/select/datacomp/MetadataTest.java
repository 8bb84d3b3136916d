package org.gradmimic.select.datacomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.io.DuckDb;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.Sql;
import org.gradmimic.select.Fixtures;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DataComp's baseline filters on metadata that pandas wrote, against subsets that NumPy made by DataComp's rules. */
class MetadataTest {
    @TempDir
    Path folder;

    private final Metadata pool = Metadata.open(Fixtures.datacomp("metadata"));

    private void assertMakes(String name, Filter filter) {
        Path file = folder.resolve(name);
        FilterFile.write(file, filter, pool.uids());
        assertThat(file).hasSameBinaryContentAs(Fixtures.datacomp(name));
    }

    @Test
    void theBasicFilter() {
        assertMakes("basic.npy", pool.basic());
    }

    @Test
    void clipScoresByFraction() {
        assertMakes("b32_30.npy", pool.clipScore(ClipModel.B32, pool.clipThreshold(ClipModel.B32, 0.3)));
        assertMakes("l14_30.npy", pool.clipScore(ClipModel.L14, pool.clipThreshold(ClipModel.L14, 0.3)));
        assertMakes("l14_29.npy", pool.clipScore(ClipModel.L14, pool.clipThreshold(ClipModel.L14, 0.29)));
    }

    @Test
    void clipScoresByThreshold() {
        assertMakes("b32_at_0.3.npy", pool.clipScore(ClipModel.B32, 0.3));
        assertMakes("l14_at_0.3.npy", pool.clipScore(ClipModel.L14, 0.3));
        assertMakes("all.npy", Filter.all(pool.size()));
    }

    @Test
    void aSampleWithoutScoreIsCountedAndNeverKept() {
        assertThat(pool.withoutClipScore(ClipModel.L14)).isEqualTo(1);
        assertThat(pool.withoutClipScore(ClipModel.B32)).isZero();
        assertThat(pool.clipScore(ClipModel.L14, Double.NEGATIVE_INFINITY).kept())
                .isEqualTo(pool.size() - 1);
    }

    private Path clip(float... scores) {
        Path file = folder.resolve("pool.parquet");
        String[] uids = IntStream.range(0, scores.length)
                .mapToObj(i -> String.format("%032x", i))
                .toArray(String[]::new);
        new ParquetColumns()
                .texts("uid", uids)
                .floats("clip_b32_similarity_score", scores)
                .write(file);
        return file;
    }

    @Test
    void theFractionIsRoundedAsDataCompDoes() {
        float[] scores = new float[100];
        for (int i = 0; i < 100; i++) {
            scores[i] = i / 100f;
        }
        Metadata hundred = Metadata.open(clip(scores));
        // One more than the fraction says; 0.29 * 100 is 28.999999999999996 in double.
        assertThat(hundred.clipScore(ClipModel.B32, hundred.clipThreshold(ClipModel.B32, 0.3))
                        .kept())
                .isEqualTo(31);
        assertThat(hundred.clipScore(ClipModel.B32, hundred.clipThreshold(ClipModel.B32, 0.29))
                        .kept())
                .isEqualTo(29);
        assertThat(hundred.clipScore(ClipModel.B32, hundred.clipThreshold(ClipModel.B32, 0))
                        .kept())
                .isEqualTo(1);
        Metadata ties = Metadata.open(clip(0.5f, 0.5f, 0.5f, 0.1f));
        assertThat(ties.clipScore(ClipModel.B32, ties.clipThreshold(ClipModel.B32, 0.25))
                        .kept())
                .isEqualTo(3);
    }

    @Test
    void aThresholdIsRoundedToTheColumn() {
        // The float 0.3 is above the double.
        assertThat(Metadata.open(clip(0.3f)).clipScore(ClipModel.B32, 0.3).kept())
                .isEqualTo(1);
        assertThat(Metadata.open(clip(Math.nextDown(0.3f)))
                        .clipScore(ClipModel.B32, 0.3)
                        .kept())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
    void fractionsAreBelowOne(double fraction) {
        assertThatThrownBy(() -> pool.clipThreshold(ClipModel.B32, fraction))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("fraction " + fraction);
    }

    @Test
    void aFractionLargerThanTheScoredShareIsRefused() {
        Metadata some = Metadata.open(clip(0.1f, Float.NaN, Float.NaN, Float.NaN));
        assertThat(some.clipThreshold(ClipModel.B32, 0.2)).isEqualTo(0.1f);
        assertThatThrownBy(() -> some.clipThreshold(ClipModel.B32, 0.5))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("1 of 4 samples have a clip_b32_similarity_score");
        Metadata none = Metadata.open(clip());
        assertThatThrownBy(() -> none.clipThreshold(ClipModel.B32, 0.5))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("0 of 0 samples");
    }

    @ParameterizedTest
    @CsvSource({
        "200, 200, true",
        "199, 600, false",
        "600, 199, false",
        "200, 600, true",
        "600, 200, true",
        "200, 601, false",
        "601, 200, false",
        "NaN, 300, false",
        "300, NaN, false",
        "0, 0, false"
    })
    void sizes(double width, double height, boolean kept) {
        assertThat(BasicFilter.keepsSize(width, height)).isEqualTo(kept);
    }

    @Test
    void captions() {
        assertThat(BasicFilter.keepsCaption("a b cd")).isTrue();
        assertThat(BasicFilter.keepsCaption("a b c")).as("five characters").isFalse();
        assertThat(BasicFilter.keepsCaption("long words")).isFalse();
        assertThat(BasicFilter.keepsCaption("")).isFalse();
        assertThat(BasicFilter.keepsCaption(null)).isFalse();
        assertThat(BasicFilter.keepsCaption("a b 😀")).as("five code points").isFalse();
        assertThat(BasicFilter.keepsCaption(" a b 😀")).as("six").isTrue();
    }

    @Test
    void wordsArePythons() {
        // What str.isspace() says in Python 3.11.
        int[] spaces = {
            0x9, 0xa, 0xb, 0xc, 0xd, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
            0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000
        };
        for (int c = 0; c <= Character.MAX_VALUE; c++) {
            boolean space = Arrays.binarySearch(spaces, c) >= 0;
            assertThat(BasicFilter.words("x" + (char) c + "y")).as("U+%04X", c).isEqualTo(space ? 2 : 1);
        }
        assertThat(BasicFilter.words("  one\ttwo \n")).isEqualTo(2);
    }

    @Test
    void aSingleFileIsAPoolToo() {
        Metadata first = Metadata.open(Fixtures.datacomp("metadata/0000.parquet"));
        assertThat(first.size()).isEqualTo(150);
        Filter both = pool.basic();
        first.basic().forEachKept(sample -> assertThat(both.keeps(sample)).isTrue());
    }

    private Path table(String name, String select) throws Exception {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Sql.execute("COPY (" + select + ") TO " + DuckDb.literal(file) + " (FORMAT parquet)");
        return file;
    }

    @Test
    void aFolderNamedLikeAColumnDoesNotReplaceIt() throws Exception {
        String columns = "SELECT 'three short words' AS text, 300 AS original_width, 300 AS original_height";
        Path file = table("text=en/pool.parquet", columns);
        assertThat(Metadata.open(file).basic().kept()).isEqualTo(1);
        assertThat(Metadata.open(file.getParent()).basic().kept()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SMALLINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DECIMAL(9,2)"})
    void sizesMayBeOfAnyTypeOfNumber(String type) throws Exception {
        Path file = table(
                "pool.parquet",
                "SELECT 'three short words' AS text, i::" + type + " AS original_width, 300::" + type
                        + " AS original_height FROM (VALUES (199), (200), (NULL)) t(i)");
        assertThat(Metadata.open(file).basic().toBooleans()).containsExactly(false, true, false);
    }

    @Test
    void aColumnWithoutValuesMayBeOfAnyType() throws Exception {
        table("pool/0.parquet", "SELECT 'three short words' AS text, 300 AS original_width, 300 AS original_height");
        // What pandas makes of a column that is None throughout.
        table("pool/1.parquet", "SELECT NULL::INTEGER AS text, 300 AS original_width, 300 AS original_height");
        table("pool/2.parquet", "SELECT 'a b cde' AS text, NULL::VARCHAR AS original_width, 300 AS original_height");
        assertThat(Metadata.open(folder.resolve("pool")).basic().toBooleans()).containsExactly(true, false, false);
        Path numbers = table("pool/3.parquet", "SELECT 7 AS text, 300 AS original_width, 300 AS original_height");
        assertThatThrownBy(() -> Metadata.open(folder.resolve("pool")).basic())
                .isInstanceOf(InputException.class)
                .hasMessage(numbers + ": column text is INTEGER, expected text");
    }

    @Test
    void scoresMayBeFloatInSomeFilesAndDoubleInOthers() throws Exception {
        table("pool/0.parquet", "SELECT unnest([0.1, 0.3]::FLOAT[]) AS clip_b32_similarity_score");
        table("pool/1.parquet", "SELECT unnest([0.2, 0.3]::DOUBLE[]) AS clip_b32_similarity_score");
        table("pool/2.parquet", "SELECT NULL::INTEGER AS clip_b32_similarity_score");
        Metadata mixed = Metadata.open(folder.resolve("pool"));
        // The float 0.3 is above the double, and both are at least the double.
        assertThat(mixed.clipScore(ClipModel.B32, 0.3).toBooleans()).containsExactly(false, true, false, true, false);
        assertThat(mixed.clipThreshold(ClipModel.B32, 0.5)).isEqualTo(0.2);
        assertThat(mixed.withoutClipScore(ClipModel.B32)).isEqualTo(1);
    }

    @Test
    void progressAddsUp() {
        long[] rows = {0};
        Metadata.open(Fixtures.datacomp("metadata"), read -> rows[0] += read).basic();
        assertThat(rows[0]).isEqualTo(240);
    }

    @Test
    void missingAndDamagedFilesAreNamed() throws IOException {
        Path pool = Files.createDirectory(folder.resolve("metadata"));
        assertThatThrownBy(() -> Metadata.open(pool))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(pool + ": no .parquet file in this folder");
        Files.writeString(pool.resolve("README.md"), "no data");
        byte[] whole = Files.readAllBytes(Fixtures.datacomp("metadata/0000.parquet"));
        Path file = pool.resolve("a.parquet");
        Files.write(file, Arrays.copyOf(whole, whole.length - 20));
        assertThatThrownBy(() -> Metadata.open(pool))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + " is truncated, corrupt or not a Parquet file");
        new ParquetColumns()
                .texts("uid", new String[1])
                .texts("clip_l14_similarity_score", new String[] {"high"})
                .write(file);
        Metadata wrong = Metadata.open(pool);
        assertThatThrownBy(wrong::basic)
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": no column text (text)");
        assertThatThrownBy(() -> wrong.clipScores(ClipModel.L14))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file + ": column clip_l14_similarity_score is VARCHAR, expected numbers");
        // Damage in the middle is noticed when it is read.
        byte[] damaged = whole.clone();
        Arrays.fill(damaged, 100, 4000, (byte) 0x55);
        Files.write(file, damaged);
        assertThatThrownBy(() -> Metadata.open(pool).basic())
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString());
    }
}
