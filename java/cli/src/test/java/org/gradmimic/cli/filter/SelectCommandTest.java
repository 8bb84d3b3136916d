package org.gradmimic.cli.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.cli.Run;
import org.gradmimic.cli.SmallDisk;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyWriter;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreLogWriter;
import org.gradmimic.select.score.Scores;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code gradmimic filter} itself: from scores to a filter. */
class SelectCommandTest {
    private static final int SAMPLES = 2_000;

    @TempDir
    Path folder;

    private static Path vector(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(SelectCommandTest.class.getResource("/vectors/votes/" + name + ".npy"), name)
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static boolean[] booleans(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.readBooleans();
        }
    }

    /** [E,N], rows or columns first. */
    private static boolean[][] votes(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        boolean columnsFirst = new String(bytes, 0, 128, StandardCharsets.ISO_8859_1).contains("'fortran_order': True");
        int start = bytes.length - 5 * SAMPLES;
        boolean[][] votes = new boolean[5][SAMPLES];
        for (int epoch = 0; epoch < 5; epoch++) {
            for (int i = 0; i < SAMPLES; i++) {
                votes[epoch][i] = bytes[start + (columnsFirst ? 5 * i + epoch : epoch * SAMPLES + i)] != 0;
            }
        }
        return votes;
    }

    private Run filter(String line) {
        List<String> arguments = new ArrayList<>(List.of("filter"));
        for (String part : line.split(" ")) arguments.add(part.replace("@", folder + "/"));
        return Run.main(arguments.toArray(String[]::new));
    }

    /** One epoch of the reference vectors as a file of its own, so that the filter is that epoch's votes. */
    private Path epoch(int epoch) throws IOException {
        float[] all = new float[SAMPLES];
        try (Scores scores = Scores.npy(vector("scores"))) {
            scores.read(epoch, 0, SAMPLES, all);
        }
        Path file = folder.resolve("epoch" + epoch + ".npy");
        NpyWriter.write(file, all, SAMPLES);
        return file;
    }

    @ParameterizedTest
    @CsvSource({
        "threshold_keep, --use weights --binarize threshold --batch-size 32, 0",
        "threshold_keep, --use weights --binarize threshold --threshold 0.03125, 0",
        "kmeans_keep, --binarize k-means, 0",
        "gmm_keep, --binarize mixture, 2" // of 2,000: 99.9 % identical
    })
    void anEpochsVotesAreTheReferences(String expected, String options, int tolerated) throws Exception {
        boolean[][] votes = votes(vector(expected));
        int different = 0;
        for (int epoch = 0; epoch < 5; epoch++) {
            Run run = filter("--scores " + epoch(epoch) + " --out @keep.npy " + options);
            assertThat(run.code()).as(run.err()).isZero();
            boolean[] keep = booleans(folder.resolve("keep.npy"));
            assertThat(keep).hasSize(SAMPLES);
            for (int i = 0; i < SAMPLES; i++) different += keep[i] == votes[epoch][i] ? 0 : 1;
        }
        assertThat(different).isLessThanOrEqualTo(5 * tolerated);
    }

    @Test
    void withAKnownBalanceTheProbabilitiesAreTheReferences() {
        Run run = filter("--scores " + vector("scores") + " --binarize mixture --aggregate label-model"
                + " --class-balance 0.592 --probabilities @p.npy --out @keep.npy");
        assertThat(run.code()).as(run.err()).isZero();
        try (NpyFile written = NpyFile.open(folder.resolve("p.npy"));
                NpyFile reference = NpyFile.open(vector("label_model_known_balance_prob"))) {
            float[] probabilities = written.readFloats();
            float[] expected = reference.readFloats();
            int far = 0;
            for (int i = 0; i < SAMPLES; i++) far += Math.abs(probabilities[i] - expected[i]) <= 0.02 ? 0 : 1;
            // Of 10,000 votes of the mixture up to 10 may differ, and with them a sample's whole pattern.
            assertThat(far).isLessThanOrEqualTo(10);
        }
        assertThat(run.out()).contains("label model: 0.5920 worth keeping, confidence 0.99");
    }

    @ParameterizedTest
    @ValueSource(strings = {"majority", "mean", "label-model"})
    void theNoiseIsFoundAndJudged(String combination) {
        Run run = filter("--scores " + vector("scores") + " --binarize mixture --aggregate " + combination + " --truth "
                + vector("clean") + " --out @keep.npy");
        assertThat(run.code()).as(run.err()).isZero();
        boolean[] keep = booleans(folder.resolve("keep.npy"));
        boolean[] clean = booleans(vector("clean"));
        int right = 0;
        for (int i = 0; i < SAMPLES; i++) right += keep[i] == clean[i] ? 1 : 0;
        // A majority of these votes is right about every sample, and so must the label model be.
        assertThat(right).isGreaterThanOrEqualTo(combination.equals("mean") ? SAMPLES - 2 : SAMPLES);
        assertThat(run.out()).contains("mislabelled samples: precision ", "recall ", "F1 ", "(59.2");
        assertThat(run.out().lines().filter(line -> line.contains("high"))).hasSize(combination.equals("mean") ? 1 : 5);
    }

    @Test
    void theFilterIsWrittenInEveryFormatAndByUid() throws IOException {
        Path uids = folder.resolve("uids.txt");
        Files.write(
                uids,
                Stream.iterate(0, i -> i + 1)
                        .limit(SAMPLES)
                        .map(i -> String.format("%032x", i))
                        .toList());
        String options = " --scores " + vector("scores") + " --binarize k-means";
        for (String ending : List.of("npy", "parquet", "txt")) {
            assertThat(filter("--out @keep." + ending + options).code()).isZero();
            assertThat(filter("--out @by-uid." + ending + options + " --uids @uids.txt")
                            .code())
                    .isZero();
            assertThat(FilterFile.read(folder.resolve("keep." + ending), SAMPLES))
                    .isEqualTo(FilterFile.read(folder.resolve("keep.npy")));
            assertThat(FilterFile.readUids(folder.resolve("by-uid." + ending)).size())
                    .isEqualTo(FilterFile.read(folder.resolve("keep.npy")).kept());
        }
    }

    /** Weights of 100 samples in two epochs, the second one not finished; relative weights are 0 to 9.9 tenths. */
    private ScoreLogWriter halfALog(Path scores) {
        ScoreLogWriter writer = ScoreLogWriter.create(scores, 1_000);
        for (int step = 0; step < 15; step++) {
            long[] ids = new long[10];
            float[] score = new float[10];
            float[] weight = new float[10];
            for (int i = 0; i < 10; i++) {
                ids[i] = step * 10 % 100 + i;
                score[i] = ids[i] % 2 == 0 ? 1 : -1;
                weight[i] = ids[i] / 500f;
            }
            writer.append(step / 10, step, ids, score, weight, new float[10], 10);
        }
        writer.flush();
        return writer;
    }

    @Test
    void aRunThatIsStillWritingIsFilteredAsFarAsItGot() {
        try (ScoreLogWriter writer = halfALog(folder.resolve("scores"))) {
            Run run = filter("--scores @ --binarize threshold --out @keep.npy".replace("@ ", folder + " "));
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.err())
                    .contains("is still being written: using the part that exists, 150 rows of 2 epochs")
                    .contains("the highest sample seen is 99, so the number of samples is assumed to be 100");
            assertThat(run.out()).containsPattern("1 +50 ");
            Filter keep = FilterFile.read(folder.resolve("keep.npy"));
            for (int i = 0; i < 100; i++) assertThat(keep.keeps(i)).isEqualTo(i % 2 == 0);
        }
        Run after = filter("--scores @scores --binarize threshold --use weights --samples 120 --out @keep.npy");
        assertThat(after.code()).as(after.err()).isZero();
        assertThat(after.err()).doesNotContain("still being written").doesNotContain("highest sample");
        Filter keep = FilterFile.read(folder.resolve("keep.npy"));
        assertThat(keep.samples()).isEqualTo(120);
        for (int i = 0; i < 120; i++)
            assertThat(keep.keeps(i)).as("sample %d", i).isEqualTo(i >= 50 && i < 100);
    }

    @Test
    void perClassEveryClassKeepsItsShare() {
        Random random = new Random(1);
        float[] scores = new float[1_000];
        long[] labels = new long[1_000];
        for (int i = 0; i < 1_000; i++) {
            labels[i] = i % 4;
            scores[i] = labels[i] * 10 + random.nextFloat();
        }
        NpyWriter.write(folder.resolve("s.npy"), scores, 1_000);
        NpyWriter.write(folder.resolve("y.npy"), labels, 1_000);
        Run run = filter("--scores @s.npy --binarize top --share 0.2 --per-class --labels @y.npy --out @keep.npy");
        assertThat(run.code()).as(run.err()).isZero();
        int[] kept = new int[4];
        FilterFile.read(folder.resolve("keep.npy")).forEachKept(i -> kept[(int) labels[(int) i]]++);
        assertThat(kept).containsExactly(50, 50, 50, 50);
        assertThat(run.out()).contains("4 classes");
    }

    @Test
    void threadsChangeNothingAndQuietSaysOnlyTheResult() throws IOException {
        String options = "--scores " + vector("scores") + " --binarize mixture --aggregate label-model --quiet";
        Run one = filter(options + " --threads 1 --out @one.npy");
        Run three = filter(options + " --threads 3 --out @three.npy");
        assertThat(three.out().replace("three.npy", "one.npy")).isEqualTo(one.out());
        assertThat(one.err()).isEmpty();
        assertThat(folder.resolve("one.npy")).hasSameBinaryContentAs(folder.resolve("three.npy"));
    }

    @Test
    void aMixtureOfEqualValuesKeepsAllWithANote() {
        NpyWriter.write(folder.resolve("equal.npy"), new float[] {2, 2, 2}, 3);
        Run run = filter("--scores @equal.npy --binarize mixture --out @keep.npy");
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("epoch 0: all values are equal: all are kept");
        assertThat(run.out()).contains("3 of 3 samples kept (100.00 %)");
    }

    @Test
    void aColumnOfScoresIsOneEpochOfThem() {
        NpyWriter.write(folder.resolve("column.npy"), new float[] {-1, 2, 3}, 3, 1);
        Run run = filter("--scores @column.npy --binarize threshold --out @keep.npy");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).doesNotContain("epochs");
        assertThat(run.out()).contains("2 of 3 samples kept");
    }

    @Test
    void moreEpochsThanSamplesAreQuestioned() {
        NpyWriter.write(folder.resolve("turned.npy"), new float[] {-1, 2, 3, 4, 5, 6}, 3, 2);
        Run run = filter("--scores @turned.npy --binarize threshold --out @keep.npy");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("turned.npy: is interpreted as 3 epochs of 2 samples, [E,N]; is it [N,E]? Then transpose it");
    }

    @ParameterizedTest
    @CsvSource({"kmeans, k-means", "gmm, mixture", "K_Means, k-means"})
    void formerNamesOfRulesStillWork(String former, String name) throws IOException {
        String options = " --scores " + vector("scores") + " --quiet --out @";
        Run before = filter("--binarize " + former + options + "a.npy");
        assertThat(before.code()).as(before.err()).isZero();
        assertThat(filter("--binarize " + name + options + "b.npy").code()).isZero();
        assertThat(folder.resolve("a.npy")).hasSameBinaryContentAs(folder.resolve("b.npy"));
    }

    @BeforeEach
    void make() throws IOException {
        NpyWriter.write(folder.resolve("a.npy"), new float[] {1, 2, 3, 4}, 2, 2);
        NpyWriter.write(folder.resolve("cube.npy"), new float[8], 2, 2, 2);
        NpyWriter.write(folder.resolve("infinite.npy"), new float[] {0, 0, 0, 1 / 0f}, 2, 2);
        NpyWriter.write(folder.resolve("nan.npy"), new float[] {0 / 0f, 0 / 0f}, 2);
        NpyWriter.write(folder.resolve("y3.npy"), new long[3], 3);
        NpyWriter.write(folder.resolve("minus.npy"), new long[] {0, -1}, 2);
        NpyWriter.write(folder.resolve("clean3.npy"), new boolean[3], 3);
        Files.createDirectory(folder.resolve("empty"));
        Files.write(folder.resolve("cut.npy"), Arrays.copyOf(Files.readAllBytes(folder.resolve("a.npy")), 130));
        new ParquetColumns().longs("sample_id", new long[1]).write(folder.resolve("columns.parquet"));
        new ParquetColumns()
                .ints("sample_id", new int[1])
                .ints("epoch", new int[1])
                .longs("step", new long[1])
                .floats("score", new float[1])
                .floats("weight", new float[1])
                .floats("relative_weight", new float[1])
                .floats("loss", new float[1])
                .write(folder.resolve("types.parquet"));
        Files.writeString(folder.resolve("broken.parquet"), "PAR1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "--binarize k-means --out @o.npy; --scores and --out are needed",
                "--scores @a.npy --binarize k-means; --scores and --out are needed",
                "--scores @a.npy --out @o.npy; --binarize is missing; it is one of threshold, k-means, mixture, top, bottom",
                "--scores @a.npy --binarize otsu --out @o.npy; 'otsu' is not one of threshold, k-means, mixture, top, bottom",
                "--scores @a.npy --binarize top --out @o.npy; --binarize top needs --share",
                "--scores @a.npy --binarize top --share 1.5 --out @o.npy; --share is 1.5; it must be from 0 to 1",
                "--scores @a.npy --binarize mixture --share 0.5 --out @o.npy; --share belongs to --binarize top and bottom",
                "--scores @a.npy --binarize mixture --threshold 1 --out @o.npy; --threshold belongs to --binarize threshold",
                "--scores @a.npy --binarize threshold --threshold NaN --out @o.npy; --threshold is NaN; it must be finite",
                "--scores @a.npy --use weights --binarize threshold --out @o.npy; give --batch-size or --threshold",
                "--scores @a.npy --binarize threshold --batch-size 8 --out @o.npy; --batch-size belongs to --use weights",
                "--scores @a.npy --use weights --binarize threshold --batch-size 0 --out @o.npy; --batch-size is 0; it must be positive",
                "--scores @a.npy --binarize mixture --class-balance 0.5 --out @o.npy; belongs to --aggregate label-model",
                "--scores @a.npy --binarize mixture --aggregate label-model --class-balance 1 --out @o.npy; between 0 and 1",
                "--scores @a.npy --binarize mixture --aggregate label-model --out @o.npy; there are 2 epochs",
                "--scores @a.npy --binarize mixture --per-class --out @o.npy; --per-class needs --labels",
                "--scores @a.npy --binarize mixture --per-class --labels @y3.npy --out @o.npy; has 2 samples, expected 3",
                "--scores @a.npy --binarize mixture --per-class --labels @minus.npy --out @o.npy; sample 1 has the label -1",
                "--scores @a.npy --binarize mixture --truth @clean3.npy --out @o.npy; has 2 samples, expected 3",
                "--scores @a.npy --binarize mixture --samples 5 --out @o.npy; has 2 samples, expected 5",
                "--scores @a.npy --binarize mixture --probabilities @p.npy --out @o.npy; majority has none",
                "--scores @a.npy --binarize mixture --probabilities @p.txt --out @o.npy; a name that ends in .npy",
                "--scores @a.npy --binarize mixture --out @a.npy; a.npy is also an input",
                "--scores @a.npy --binarize mixture --out @o.csv; o.csv lists samples by name: give their names with --names",
                "--scores @a.npy --binarize mixture --out @o.json; expected a filter's name to end in .npy, .parquet or .txt",
                "--scores @a.npy --binarize mixture --out @gone/o.npy; no folder",
                "--scores @cube.npy --binarize mixture --out @o.npy; has shape (2, 2, 2); expected [E,N], [N] or [N,1]",
                "--scores @y3.npy --binarize mixture --out @o.npy; has dtype i8; expected floating-point numbers",
                "--scores @cut.npy --binarize mixture --out @o.npy; cut.npy: truncated",
                "--scores @infinite.npy --binarize mixture --out @o.npy; epoch 1, sample 1: the value is Infinity",
                "--scores @nan.npy --binarize threshold --out @o.npy; all values are NaN, in 1 epoch of 2 samples",
                "--scores @gone.npy --binarize mixture --out @o.npy; gone.npy: no such file or folder",
                "--scores @empty --binarize mixture --out @o.npy; holds no finished part of a score log",
                "--scores @broken.parquet --binarize mixture --out @o.npy; is truncated, corrupt or not a Parquet file",
                "--scores @columns.parquet --binarize mixture --out @o.npy; no column epoch (INTEGER)",
                "--scores @types.parquet --binarize mixture --out @o.npy; column sample_id is INTEGER, expected BIGINT"
            })
    void errorsAreOneLine(String line, String message) throws IOException {
        List<Path> before = content();
        Run run = filter(line + " --quiet");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines().filter(text -> !text.startsWith("See gradmimic filter")))
                .as("one line: %s", run.err())
                .hasSize(1);
        assertThat(run.err()).startsWith("gradmimic filter: ").contains(message);
        assertThat(run.out()).isEmpty();
        assertThat(content()).isEqualTo(before);
    }

    private List<Path> content() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void aTruncatedPartIsNamedAndNothingIsWritten() throws IOException {
        Path scores = folder.resolve("scores");
        halfALog(scores).close();
        Path part = scores.resolve("part-000000.parquet");
        byte[] bytes = Files.readAllBytes(part);
        Files.write(part, Arrays.copyOf(bytes, bytes.length - 100));
        Run run = filter("--scores @scores --binarize mixture --out @o.npy");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("part-000000.parquet is truncated, corrupt");
        assertThat(folder.resolve("o.npy")).doesNotExist();
    }

    @Test
    void aFullDiskLeavesWhatWasThere() throws Exception {
        int samples = 2_000_000;
        Path scores = folder.resolve("big.npy");
        NpyWriter.write(scores, new float[samples], samples);
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "only root may mount a small disk");
            Path out = disk.path().resolve("keep.npy");
            NpyWriter.write(out, new boolean[] {true}, 1);
            byte[] before = Files.readAllBytes(out);
            Run run = filter("--scores " + scores + " --binarize k-means --out " + out);
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.err()).contains("keep.npy").contains("No space left on device");
            assertThat(out).hasBinaryContent(before);
            try (Stream<Path> files = Files.list(disk.path())) {
                assertThat(files).containsExactly(out);
            }
        }
    }

    @Test
    void aFullFolderOfTemporaryFilesIsNamed() throws Exception {
        halfALog(folder.resolve("scores")).close();
        String temporary = System.getProperty("java.io.tmpdir");
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "only root may mount a small disk");
            System.setProperty("java.io.tmpdir", disk.path().toString());
            Run run = filter("--scores @scores --binarize threshold --samples 1000000 --out @o.npy");
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.err()).contains("2 epochs × 1000000 samples").contains("has no room for them");
            assertThat(folder.resolve("o.npy")).doesNotExist();
        } finally {
            System.setProperty("java.io.tmpdir", temporary);
        }
    }
}
