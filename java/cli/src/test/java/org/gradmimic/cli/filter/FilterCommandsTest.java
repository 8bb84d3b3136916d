package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.gradmimic.cli.Run;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.uid.Uids;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The subcommands of {@code gradmimic filter} on eight samples that can be followed by eye. */
class FilterCommandsTest {
    private static final int N = 8;
    private static final boolean T = true;
    private static final boolean F = false;
    private static final boolean[] A = {T, T, T, T, F, F, F, F};
    private static final boolean[] B = {T, F, T, F, T, F, T, F};
    private static final float[] SCORES = {5, 4, 4, 3, 2, 1, 0, Float.NaN};

    @TempDir
    Path folder;

    @BeforeEach
    void make() {
        NpyWriter.write(folder.resolve("a.npy"), A, N);
        FilterFile.write(folder.resolve("b.parquet"), Filter.of(B));
        NpyWriter.write(folder.resolve("scores.npy"), SCORES, N);
        // In falling order of uids.
        String[] uids = IntStream.range(0, N).mapToObj(FilterCommandsTest::uid).toArray(String[]::new);
        new ParquetColumns()
                .texts("uid", uids)
                .texts("text", new String[] {
                    "one two three", "one two", "a b c", "one two three", "one two three", "x", "one two three", ""
                })
                .ints("original_width", new int[] {200, 200, 200, 199, 600, 200, 601, 300})
                .ints("original_height", new int[] {200, 200, 200, 200, 200, 200, 200, 300})
                .floats("clip_l14_similarity_score", new float[] {.1f, .2f, .3f, .3f, .3f, .4f, .5f, Float.NaN})
                .write(folder.resolve("pool.parquet"));
    }

    private static String uid(int sample) {
        return String.format("%016x%016x", 0xf000000000000000L - sample, sample);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private Run run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("filter"));
        for (String argument : arguments) all.add(argument.replace("@", folder + "/"));
        all.add("--quiet");
        Run run = Run.main(all.toArray(String[]::new));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run;
    }

    private static Filter filter(int... kept) {
        Filter.Builder filter = Filter.builder(N);
        for (int sample : kept) filter.set(sample, true);
        return filter.build();
    }

    private static List<String> uids(int... samples) {
        return IntStream.of(samples).mapToObj(FilterCommandsTest::uid).sorted().toList();
    }

    @ParameterizedTest
    @CsvSource({
        "a & b, '0,2'",
        "a | b, '0,1,2,3,4,6'",
        "a - b, '1,3'",
        "!(a | b), '5,7'",
        "a & !worst, '0,1,2,3'",
        "best, '0,1,2'",
        "b - few, '2,4,6'",
        "high | worst, '0,1,2,3,5,6'"
    })
    void combinesMasksAndScores(String expression, String kept) {
        String out = path("out.npy");
        Run run = run(
                "combine", expression,
                "--filter", "a=@a.npy",
                "--filter", "b=@b.parquet",
                "--filter", "best=@scores.npy:top=0.3",
                "--filter", "worst=@scores.npy:bottom=0.3",
                "--filter", "few=@scores.npy:top-k=1",
                "--filter", "high=@scores.npy:at-least=3",
                "--out", out);
        Filter expected = filter(IntStream.of(List.of(kept.split(",")).stream()
                        .mapToInt(Integer::parseInt)
                        .toArray())
                .toArray());
        assertThat(FilterFile.read(Path.of(out))).isEqualTo(expected);
        assertThat(run.out())
                .startsWith(out + ": " + expected.kept() + " of 8 samples kept (")
                .endsWith("%)" + System.lineSeparator());
    }

    @ParameterizedTest
    @ValueSource(strings = {".npy", ".parquet", ".txt"})
    void overAPoolTheResultIsByUid(String ending) {
        Path out = folder.resolve("subset" + ending);
        run(
                "combine", "a & best",
                "--filter", "a=@a.npy",
                "--filter", "best=@scores.npy:top=0.3",
                "--uids", "@pool.parquet",
                "--out", out.toString());
        run("combine", "x", "--filter", "x=" + out, "--uids", "@pool.parquet", "--by-number", "--out", "@back.npy");
        assertThat(FilterFile.read(folder.resolve("back.npy"))).isEqualTo(filter(0, 1, 2));
        run("combine", "x", "--filter", "x=" + out, "--out", "@list.txt");
        assertThat(folder.resolve("list.txt")).hasContent(String.join("\n", uids(0, 1, 2)));
    }

    @Test
    void listsOfUidsNeedNoPool() throws IOException {
        Files.write(folder.resolve("x.txt"), List.of(uid(3), uid(1), uid(5)));
        Files.write(folder.resolve("y.txt"), List.of(uid(5), uid(7)));
        run("combine", "x - y", "--filter", "x=@x.txt", "--filter", "y=@y.txt", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).hasContent(String.join("\n", uids(1, 3)));
        Run run = run("combine", "x | y", "--filter", "x=@x.txt", "--filter", "y=@y.txt", "--out", "@out.npy");
        assertThat(run.out()).isEqualTo(path("out.npy") + ": 4 samples kept" + System.lineSeparator());
        run("combine", "o", "--filter", "o=@out.npy", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).hasContent(String.join("\n", uids(1, 3, 5, 7)));
    }

    @Test
    void aListOfNothingGoesWithEitherKind() throws IOException {
        Files.write(folder.resolve("x.txt"), List.of(uid(3), uid(1)));
        Files.writeString(folder.resolve("none.txt"), "\n");
        run("combine", "x - y", "--filter", "x=@x.txt", "--filter", "y=@none.txt", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).hasContent(String.join("\n", uids(1, 3)));
        run("combine", "x & y", "--filter", "x=@x.txt", "--filter", "y=@none.txt", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).isEmptyFile();
        run("combine", "a - y", "--filter", "a=@a.npy", "--filter", "y=@out.txt", "--out", "@out.npy");
        assertThat(FilterFile.read(folder.resolve("out.npy"))).isEqualTo(Filter.of(A));
    }

    @Test
    void progressCountsTheUidsRead() {
        Run run = Run.main(
                "filter",
                "combine",
                "x",
                "--filter",
                "x=" + folder + "/a.npy",
                "--uids",
                folder + "/pool.parquet",
                "--out",
                folder + "/out.npy");
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("reading", "8/? uids");
    }

    @Test
    void aListOfNumbersGetsItsLengthFromAnotherFilterOrTheOption() throws IOException {
        Files.writeString(folder.resolve("x.txt"), "7\n0\n");
        run("combine", "x | a", "--filter", "x=@x.txt", "--filter", "a=@a.npy", "--out", "@out.npy");
        assertThat(FilterFile.read(folder.resolve("out.npy"))).isEqualTo(filter(0, 1, 2, 3, 7));
        run("combine", "!x", "--filter", "x=@x.txt", "--samples", "8", "--out", "@out.npy");
        assertThat(FilterFile.read(folder.resolve("out.npy"))).isEqualTo(filter(1, 2, 3, 4, 5, 6));
    }

    /** A folder of parts, as Spark writes one, in the place of every single file of Parquet. */
    @Test
    void foldersOfPartsAreFilesToEveryCommand() throws IOException {
        for (String table : List.of("b", "pool", "scores", "uids")) Files.createDirectory(folder.resolve(table));
        for (int part = 0; part < 2; part++) {
            String name = "/part-0000" + part + "-8d0c.c000.snappy.parquet";
            int from = part * N / 2;
            long[] ids = {from, from + 1, from + 2, from + 3};
            boolean[] keep = Arrays.copyOfRange(B, from, from + N / 2);
            String[] uids = Arrays.stream(ids).mapToObj(id -> uid((int) id)).toArray(String[]::new);
            new ParquetColumns().longs("sample_id", ids).booleans("keep", keep).write(folder.resolve("b" + name));
            new ParquetColumns().texts("uid", uids).booleans("keep", keep).write(folder.resolve("uids" + name));
            new ParquetColumns().texts("uid", uids).write(folder.resolve("pool" + name));
            new ParquetColumns()
                    .longs("sample_id", ids)
                    .floats("score", Arrays.copyOfRange(SCORES, from, from + N / 2))
                    .write(folder.resolve("scores" + name));
        }
        String[][] commands = {
            {"combine", "b - s", "--filter", "b=@b", "--filter", "s=@scores:top=0.3", "--out", "@out.npy"},
            {"compare", "@b", "@a.npy"},
            {"quality", "@b=0.25", "@a.npy=@b"},
            {"membership", "--scores", "@scores", "--members", "@b"},
            {"compare", "@uids", "@scores:top=0.3", "--uids", "@pool"},
            {"datacomp", "@pool", "--baseline", "no-filter", "--out", "@out.npy"},
        };
        for (String[] command : commands) {
            String[] single = Arrays.stream(command)
                    .map(word -> word.replace("@b", "@b.parquet")
                            .replace("@pool", "@pool.parquet")
                            .replace("@uids", "@uids.parquet")
                            .replace("@scores", "@scores.npy"))
                    .toArray(String[]::new);
            FilterFile.write(folder.resolve("uids.parquet"), Filter.of(B), Uids.open(folder.resolve("pool")));
            String expected = run(single).out().replace("b.parquet", "b").replaceAll(" +", " ");
            byte[] file =
                    Files.exists(folder.resolve("out.npy")) ? Files.readAllBytes(folder.resolve("out.npy")) : null;
            assertThat(run(command).out().replaceAll(" +", " ")).as(command[0]).isEqualTo(expected);
            if (file != null) assertThat(folder.resolve("out.npy")).hasBinaryContent(file);
        }
    }

    @Test
    void compares() throws IOException {
        assertThat(run("compare", "@a.npy", "@b.parquet").out()).isEqualToNormalizingNewlines("""
                samples  first  second  both  either  overlap  jaccard  agreement
                      8      4       4     2       6   0.5000   0.3333     0.5000
                """);
        Files.write(folder.resolve("x.txt"), List.of(uid(3), uid(1), uid(5)));
        Files.write(folder.resolve("y.txt"), List.of(uid(5)));
        assertThat(run("compare", "@x.txt", "@y.txt").out()).isEqualToNormalizingNewlines("""
                samples  first  second  both  either  overlap  jaccard  agreement
                             3       1     1       3    1.000   0.3333
                """);
        assertThat(run("compare", "@x.txt", "@scores.npy:top=0.3", "--uids", "@pool.parquet")
                        .out())
                .isEqualToNormalizingNewlines("""
                        samples  first  second  both  either  overlap  jaccard  agreement
                              8      3       3     1       5   0.3333   0.2000     0.5000
                        """);
    }

    @Test
    void judgesQualityOverRuns() {
        NpyWriter.write(folder.resolve("clean.npy"), new boolean[] {T, T, F, F, F, F, T, F}, N);
        assertThat(run("quality", "@a.npy=0.4", "@b.parquet=@clean.npy", "@a.npy")
                        .out())
                .isEqualToNormalizingNewlines("""
                        filter                samples  kept   share   noise  precision  recall      f1
                        @a.npy            8     4  0.5000  0.4000
                        @b.parquet        8     4  0.5000  0.6250     0.7500  0.6000  0.6667
                        @a.npy            8     4  0.5000
                        """.replace("@", folder + "/")
                        .replaceFirst(
                                "filter +samples",
                                "filter" + " ".repeat((folder + "/b.parquet").length() - 4) + "samples")
                        .replaceAll("a\\.npy +8", "a.npy" + " ".repeat(12) + "8")
                        .replaceAll("b\\.parquet +8", "b.parquet" + " ".repeat(8) + "8"));
    }

    @Test
    void correlatesQualityWithNoise() {
        String[] runs = new String[4];
        for (int i = 0; i < runs.length; i++) {
            boolean[] keep = new boolean[10];
            for (int j = 0; j < 9 - 2 * i; j++) keep[j] = true;
            NpyWriter.write(folder.resolve("run" + i + ".npy"), keep, 10);
            runs[i] = "@run" + i + ".npy=" + 0.2 * i;
        }
        String out = run("quality", runs[0], runs[1], runs[2], runs[3]).out();
        assertThat(out.lines().skip(6).toList()).containsExactly("runs  pearson  spearman", "   4   -1.000    -1.000");
    }

    @Test
    void guessesMembership() {
        assertThat(run("membership", "--scores", "@scores.npy", "--members", "@b.parquet", "--share", "0.3,1")
                        .out())
                .isEqualToNormalizingNewlines("""
                         share  guessed  members  both  precision  recall  jaccard
                        0.3000        3        4     2     0.6667  0.5000   0.4000
                         1.000        7        4     4     0.5714   1.000   0.5714
                        """);
        assertThat(run("membership", "--scores", "@scores.npy", "--members", "@a.npy")
                        .out())
                .isEqualToNormalizingNewlines("""
                         share  guessed  members  both  precision  recall  jaccard
                        0.5000        4        4     4      1.000   1.000    1.000
                        """);
    }

    @Test
    void appliesDataCompsBaselines() {
        Run run = run("datacomp", "@pool.parquet", "--baseline", "basic", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).hasContent(String.join("\n", uids(0, 4)));
        assertThat(run.out()).isEqualTo(path("out.txt") + ": 2 of 8 samples kept (25.00 %)" + System.lineSeparator());
        run("datacomp", "@pool.parquet", "--baseline", "no_filter", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).hasContent(String.join("\n", uids(0, 1, 2, 3, 4, 5, 6, 7)));
        // Position 8 * 0.3 = 2 holds 0.3, which three have.
        run("datacomp", "@pool.parquet", "--baseline", "clip-score", "--fraction", "0.3", "--out", "@out.txt");
        assertThat(folder.resolve("out.txt")).hasContent(String.join("\n", uids(2, 3, 4, 5, 6)));
        run(
                "datacomp",
                "@pool.parquet",
                "--baseline",
                "clip-score",
                "--arch",
                "l14",
                "--threshold",
                "0.35",
                "--by-number",
                "--out",
                "@out.npy");
        assertThat(FilterFile.read(folder.resolve("out.npy"))).isEqualTo(filter(5, 6));
    }
}
