package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code gradmimic score features} refuses: one line that names the culprit, exit code 2, nothing written. */
class ScoreErrorsTest {
    private static final int N = 11;
    private static final int D = 5;
    private static final int C = 3;

    @TempDir
    Path folder;

    private Problem problem;

    @BeforeEach
    void make() {
        // Progress is no error, but stands on the same stream.
        problem = new Problem(folder, 7, N, D, C).score().with("quiet", "");
    }

    private void assertRefused(String... parts) throws IOException {
        List<Path> before = content(folder);
        problem.run("score features").assertRefused("score features", parts);
        assertThat(content(folder)).isEqualTo(before);
    }

    private static List<Path> content(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"features", "labels", "weight", "bias", "reference-weight"})
    void inputsThatAreNotArrays(String option) throws IOException {
        problem.with(option, folder.resolve("absent.npy"));
        assertRefused("absent.npy: no such file");
        problem.with(option, Files.createDirectory(folder.resolve("folder.npy")));
        assertRefused("folder.npy: is a folder");
        problem.with(option, Files.write(folder.resolve("empty.npy"), new byte[0]));
        assertRefused("empty.npy: not a .npy file");
        problem.with(option, Files.writeString(folder.resolve("text.npy"), "1,2,3\n"));
        assertRefused("text.npy: not a .npy file");
        byte[] whole = Files.readAllBytes(folder.resolve("features.npy"));
        problem.with(option, Files.write(folder.resolve("cut.npy"), Arrays.copyOf(whole, whole.length - 1)));
        assertRefused("cut.npy: truncated");
        problem.with(option, Files.write(folder.resolve("head.npy"), Arrays.copyOf(whole, 40)));
        assertRefused("head.npy: truncated within the .npy header");
        byte[] huge = Npys.header("<f4", false, 0, Long.MAX_VALUE / 8, 1L << 40);
        problem.with(option, Files.write(folder.resolve("huge.npy"), huge));
        assertRefused("huge.npy: claims the shape", "more than any file can hold");
    }

    @ParameterizedTest
    @CsvSource({"features, 11, 5", "weight, 3, 5", "reference-weight, 3, 5"})
    void integersAsNumbers(String option, long rows, long columns) throws IOException {
        problem.with(option, problem.write("ints.npy", "<i4", new double[(int) (rows * columns)], rows, columns));
        assertRefused("ints.npy: has dtype i4; expected floating-point numbers");
    }

    @Test
    void numbersAsLabels() throws IOException {
        problem.with("labels", problem.write("floats.npy", "<f4", problem.labels, N));
        assertRefused("floats.npy: has dtype f4; expected integers");
    }

    @ParameterizedTest
    @CsvSource({
        "features, 55, 55",
        "features, 11x5x1, 55",
        "features, 10x5, 50",
        "features, 11x4, 44",
        "labels, 10, 10",
        "weight, 15, 15",
        "weight, 3x4, 12",
        "weight, 4x5, 20",
        "bias, 4, 4",
        "bias, 3x1, 3",
        "bias, 1, 1",
        "reference-weight, 15, 15",
        "reference-weight, 4x5, 20",
        "reference-weight, 3x6, 18"
    })
    void aShapeThatDoesNotFit(String option, String shape, int elements) throws IOException {
        long[] extents =
                Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray();
        String type = option.equals("labels") ? "<i8" : "<f4";
        problem.with(option, problem.write("odd.npy", type, new double[elements], extents));
        // Either of the two that do not fit may be named; both shapes are in the words.
        assertRefused("expected");
        assertThat(problem.run("score features").err())
                .containsPattern("odd.npy|labels.npy|weight|bias|reference weight");
    }

    @Test
    void anErrorDuringProgressIsOneLine() throws IOException {
        double[] labels = problem.labels.clone();
        labels[5] = C;
        problem.without("quiet").with("labels", problem.write("wrong.npy", "<i8", labels, N));
        assertRefused("the label of sample 5 is 3");
    }

    @ParameterizedTest
    @CsvSource({"0, -1", "8, 3", "10, 9000000000"})
    void aLabelOutOfRangeIsNamedByItsRowInTheFile(int row, double label) throws IOException {
        double[] labels = problem.labels.clone();
        labels[row] = label;
        problem.with("labels", problem.write("wrong.npy", "<i8", labels, N));
        assertRefused("wrong.npy: the label of sample " + row + " is " + (long) label, "expected 0 to 2");
    }

    @ParameterizedTest
    @CsvSource({"weight, 'weight'", "bias, bias", "reference-weight, reference weight"})
    void aHeadThatIsNotFinite(String option, String name) throws IOException {
        double[] values = option.equals("bias") ? new double[C] : new double[C * D];
        values[2] = Double.NaN;
        long[] shape = option.equals("bias") ? new long[] {C} : new long[] {C, D};
        problem.with(option, problem.write("nan.npy", "<f4", values, shape));
        assertRefused(name + " is not finite at " + (option.equals("bias") ? "[2]" : "[0, 2]"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proj", "cos", "normed_proj", "normed_cos", "opt"})
    void featuresWithoutOneFiniteRow(String kind) throws IOException {
        double[] values = problem.features.clone();
        for (int i = 0; i < N; i++) values[i * D + i % D] = i % 2 == 0 ? Double.NaN : Double.POSITIVE_INFINITY;
        problem.with("features", problem.write("nan.npy", "<f4", values, N, D)).with("score", kind);
        assertRefused("nan.npy: none of its 11 samples has a finite score");
    }

    @Test
    void aBatchWithoutOneFiniteRow() throws IOException {
        double[] values = problem.features.clone();
        for (int i = 4; i < 8; i++) values[i * D] = Double.NaN;
        problem.with("features", problem.write("nan.npy", "<f4", values, N, D))
                .with("score", "normed_proj")
                .with("batch-size", 4);
        assertRefused("none of the samples 4 to 7 has a finite score");
        problem.with("score", "opt").with("lambda", 1);
        assertRefused("none of the samples 4 to 7 has a finite score");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "temperature, 0, --temperature is 0.0; it must be positive",
                "temperature, -1, --temperature is -1.0; it must be positive",
                "temperature, NaN, --temperature is NaN; it must be finite",
                "temperature, Infinity, --temperature is Infinity; it must be finite",
                "temperature, warm, --temperature",
                "lambda, -0.5, --lambda is -0.5; it must be 0 or more",
                "lambda, NaN, --lambda is NaN; it must be finite",
                "lambda, Infinity, --lambda is Infinity; it must be finite",
                "batch-size, -1, --batch-size is -1; it must be 0 or more",
                "batch-size, 1.5, --batch-size",
                "score, norm, \"'norm' is not one of proj, cos, normed_proj, normed_cos, opt\"",
                "threads, 0, --threads is 0; it must be between 1 and"
            })
    void invalidNumbersAndNames(String option, String value, String words) throws IOException {
        problem.with(option, value);
        assertRefused(words);
    }

    @ParameterizedTest
    @ValueSource(strings = {"features", "labels", "weight", "reference-weight", "out"})
    void aRequiredOption(String option) throws IOException {
        problem.without(option);
        assertRefused("Missing required option", "--" + option);
    }

    @Test
    void unusableOutputs() throws IOException {
        problem.with("out", folder.resolve("scores.csv"));
        assertRefused("scores.csv: the output must end in .npy or .parquet");
        for (String name : new String[] {"missing/scores.npy", "missing/scores.parquet"}) {
            problem.with("out", folder.resolve(name));
            assertRefused(name, "there is no folder");
        }
        for (String name : new String[] {"a.npy", "a.parquet"}) {
            problem.with("out", Files.createDirectory(folder.resolve(name)));
            assertRefused(name + ": it is a folder");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"features", "labels", "weight", "bias", "reference-weight"})
    void anOutputThatIsAnInput(String option) throws IOException {
        Path input = folder.resolve(option.equals("reference-weight") ? "reference.npy" : option + ".npy");
        byte[] before = Files.readAllBytes(input);
        problem.with("out", folder.resolve("../" + folder.getFileName() + "/" + input.getFileName()));
        assertRefused("is also an input");
        assertThat(input).hasBinaryContent(before);
    }

    @Test
    void aFolderThatMayNotBeWrittenTo() throws IOException {
        assumeFalse("root".equals(System.getProperty("user.name")), "root may write anywhere");
        Path closed = Files.createDirectory(folder.resolve("closed"));
        assertThat(closed.toFile().setWritable(false)).isTrue();
        problem.with("out", closed.resolve("scores.npy"));
        assertRefused("scores.npy", "permission denied");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scores.npy", "scores.parquet"})
    void aFullDiskLeavesWhatWasThere(String name) throws Exception {
        int samples = 400_000; // 1.6 MB of scores
        Problem large = new Problem(folder, 3, samples, 1, 2).score();
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "a 1 MB tmpfs cannot be mounted here (not root, or no mount capability)");
            Path old = Files.writeString(disk.path().resolve(name), "an older result");
            Run run = large.with("out", old).with("quiet", "").run("score features");
            assertThat(run.err())
                    .isEqualToIgnoringNewLines(
                            "gradmimic score features: cannot write " + old + ": No space left on device");
            assertThat(run.code()).isEqualTo(2);
            assertThat(old).hasContent("an older result");
            assertThat(content(disk.path())).containsExactly(disk.path(), old);
        }
    }
}
