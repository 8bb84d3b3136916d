package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code gradmimic probe} refuses, and what it goes on with. */
class ProbeErrorsTest {
    private static final int N = 11;
    private static final int D = 5;
    private static final int C = 3;

    @TempDir
    Path folder;

    private Problem problem;

    @BeforeEach
    void make() {
        problem = new Problem(folder, 7, N, D, C).probe("mimic");
    }

    private void assertRefused(String... parts) throws IOException {
        List<Path> before = content(folder);
        problem.run("probe").assertRefused("probe", parts);
        assertThat(content(folder)).isEqualTo(before);
    }

    private static List<Path> content(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "features",
                "labels",
                "reference-weight",
                "reference-bias",
                "init-weight",
                "init-bias",
                "true-labels",
                "test-features",
                "test-labels",
                "order",
                "agra-comparison",
                "clean-features",
                "clean-labels"
            })
    void inputsThatAreNotArrays(String option) throws IOException {
        problem.with(option, folder.resolve("absent.npy"));
        assertRefused("absent.npy: no such file");
        problem.with(option, Files.createDirectory(folder.resolve("folder.npy")));
        assertRefused("folder.npy: is a folder");
        byte[] whole = Files.readAllBytes(folder.resolve("features.npy"));
        problem.with(option, Files.write(folder.resolve("cut.npy"), Arrays.copyOf(whole, whole.length - 1)));
        assertRefused("cut.npy: truncated");
        boolean integers = option.contains("labels") || option.equals("order") || option.startsWith("agra");
        long[] shape = option.startsWith("agra") ? new long[] {2, 1, 1} : new long[] {2, 1};
        problem.with(option, problem.write("kind.npy", integers ? "<f4" : "<i8", new double[2], shape));
        assertRefused("kind.npy: has dtype", integers ? "expected integers" : "expected floating-point numbers");
    }

    @ParameterizedTest
    @CsvSource({
        "features, 55, features",
        "features, 11x5x1, features",
        "features, 12x5, labels",
        "features, 11x4, reference-weight",
        "features, 0x5, features",
        "labels, 12, labels",
        "reference-weight, 15, reference-weight",
        "reference-weight, 3x6, reference-weight",
        "reference-bias, 4, reference-bias",
        "init-weight, 4x5, init-weight",
        "init-weight, 3x4, init-weight",
        "init-bias, 2, init-bias",
        "init-bias, 3x1, init-bias",
        "true-labels, 10, true-labels"
    })
    void aShapeThatDoesNotFit(String option, String shape, String named) throws IOException {
        problem.with(option, write(option, shape, 0));
        assertRefused(named + " has the shape");
    }

    private Path write(String option, String shape, double value) {
        long[] extents =
                Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray();
        double[] values = new double[(int) Arrays.stream(extents).reduce(1, (a, b) -> a * b)];
        Arrays.fill(values, value);
        boolean integers = option.contains("labels") || option.equals("order") || option.startsWith("agra");
        return problem.write("odd-" + option + ".npy", integers ? "<i8" : "<f4", values, extents);
    }

    @ParameterizedTest
    @CsvSource({
        "test, 4x6, 4, test-features has the shape",
        "test, 20, 4, test-features has the shape",
        "test, 4x5, 5, test-labels has the shape",
        "clean, 4x6, 4, clean-features has the shape",
        "clean, 20, 4, clean-features has the shape",
        "clean, 4x5, 3, clean-labels has the shape",
        "clean, 0x5, 0, clean-features has no sample"
    })
    void pairsThatDoNotFit(String pair, String features, String labels, String words) throws IOException {
        problem.with(pair + "-features", write(pair + "-features", features, 0));
        problem.with(pair + "-labels", write(pair + "-labels", labels, 0));
        assertRefused(words);
    }

    @ParameterizedTest
    @CsvSource({
        "labels, 11, 3, labels[0] = 3 is outside [0 to 3)",
        "labels, 11, -1, labels[0] = -1",
        "labels, 11, 9e15, labels[0] = 9000000000000000",
        "true-labels, 11, 3, true-labels[0] = 3",
        "order, 2x11, 11, order[0][0] = 11 is outside [0 to 11)",
        "order, 2x11, -1, order[0][0] = -1",
        "order, 2x10, 0, order has 10 samples in an epoch",
        "order, 1x11, 0, order has 1 epochs",
        "order, 11, 0, expected 2 axes",
        "agra-comparison, 2x3x4, 11, agra-comparison[0][0][0] = 11",
        "agra-comparison, 1x3x4, 0, agra-comparison has 1 epochs",
        "agra-comparison, 2x2x4, 0, agra-comparison has 2 steps in an epoch",
        "agra-comparison, 2x3x0, 0, has batches without a sample",
        "agra-comparison, 2x3, 0, expected 3 axes"
    })
    void anEntryOutOfRange(String option, String shape, double value, String words) throws IOException {
        problem.with(option, write(option, shape, value));
        assertRefused(words.replace(" to ", ", "));
    }

    /** Option and name of the file that it gives, in one message. */
    @ParameterizedTest
    @CsvSource({
        "labels, 11, 3, odd-labels.npy: labels[0] = 3 is outside",
        "features, 11x4, 0, features.npy: reference-weight has the shape",
        "reference-weight, 3x6, 0, odd-reference-weight.npy: reference-weight has the shape"
    })
    void theFileIsNamed(String option, String shape, double value, String words) throws IOException {
        problem.with(option, write(option, shape, value));
        assertRefused(words.replace("features.npy: reference-weight", "reference.npy: reference-weight"));
    }

    @Test
    void theLabelsDetermineTheNumberOfClasses() throws IOException {
        problem.with("mode", "sgd").without("reference-weight");
        problem.with("labels", write("labels", "11", -3));
        assertRefused("labels[0] = -3 is outside [0, 1)");
        problem.with("labels", write("labels", "11", 9e15));
        assertRefused("labels has the class 9000000000000000");
    }

    @ParameterizedTest
    @CsvSource({"reference-weight, 3x5", "reference-bias, 3", "init-weight, 3x5", "init-bias, 3"})
    void aHeadThatIsNotFinite(String option, String shape) throws IOException {
        problem.with(option, write(option, shape, Double.NaN));
        assertRefused(option + " is not finite at [0");
    }

    @Test
    void cleanSamplesThatAreNot() throws IOException {
        double[] values = new double[4 * D];
        values[3 * D + 2] = Double.POSITIVE_INFINITY;
        problem.with("mode", "influence").with("clean-labels", write("clean-labels", "4", 1));
        problem.with("clean-features", problem.write("clean.npy", "<f4", values, 4, D));
        assertRefused("clean-features is not finite at [3, 2]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mimic", "influence", "grad-match", "agra", "rho", "sgd", "grand"})
    void featuresWithoutOneFiniteRow(String mode) {
        problem.with("mode", mode)
                .with("features", write("features", "11x5", Double.NaN))
                .with("quiet", "");
        clean();
        Run run = problem.run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains("the batch of samples", "none of the 4 samples has a finite score");
    }

    private void clean() {
        problem.with("clean-features", problem.write("clean.npy", "<f4", Arrays.copyOf(problem.reference, 3 * D), 3, D))
                .with("clean-labels", problem.write("clean-labels.npy", "<i8", new double[] {0, 1, 2}, 3));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "temperature | 0 | --temperature is 0.0; it must be positive",
                "temperature | -1 | --temperature is -1.0; it must be positive",
                "temperature | NaN | --temperature is NaN; it must be finite",
                "temperature | Infinity | --temperature is Infinity; it must be finite",
                "lambda | -1 | --lambda is -1.0; it must be 0 or more",
                "lambda | NaN | --lambda is NaN; it must be finite",
                "batch-size | 0 | --batch-size is 0; it must be positive",
                "batch-size | -4 | --batch-size is -4; it must be positive",
                "batch-size | 3000000000 | --batch-size",
                "epochs | 0 | --epochs is 0; it must be positive",
                "epochs | many | --epochs",
                "starting-epoch | -1 | --starting-epoch is -1; it must be 0 or more",
                "lr | -1 | --lr is -1.0; it must be 0 or more",
                "lr | NaN | --lr is NaN; it must be finite",
                "weight-decay | -1 | --weight-decay is -1.0; it must be 0 or more",
                "momentum | -1 | --momentum is -1.0; it must be 0 or more",
                "mode | mimicry | 'mimicry' is not one of sgd, mimic, grand, agra, influence, rho, grad-match",
                "score | norm | 'norm' is not one of proj, cos, normed_proj, normed_cos, opt",
                "calibrate | head | 'head' is not one of layer, all",
                "optimizer | adam | 'adam' is not one of adamw, sgd"
            })
    void invalidNumbersAndNames(String option, String value, String words) throws IOException {
        problem.with(option, value);
        assertRefused(words);
        // The mode need not use it.
        if (!option.equals("mode")) {
            problem.with("mode", "sgd");
            assertRefused(words);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "mimic, mode mimic needs --reference-weight",
        "rho, mode rho needs --reference-weight",
        "influence, mode influence needs --clean-features and --clean-labels"
    })
    void arraysThatAModeNeeds(String mode, String words) throws IOException {
        problem.with("mode", mode).without("reference-weight");
        assertRefused(words);
    }

    @ParameterizedTest
    @ValueSource(strings = {"test", "clean"})
    void halfAPair(String pair) throws IOException {
        problem.with(pair + "-features", write(pair + "-features", "4x5", 0));
        assertRefused("--" + pair + "-features and --" + pair + "-labels go together");
        problem.without(pair + "-features").with(pair + "-labels", write(pair + "-labels", "4", 0));
        assertRefused("--" + pair + "-features and --" + pair + "-labels go together");
    }

    @ParameterizedTest
    @ValueSource(strings = {"features", "labels", "mode", "out"})
    void aRequiredOption(String option) throws IOException {
        problem.without(option);
        assertRefused("Missing required option", "--" + option);
    }

    @Test
    void unusableOutputs() throws IOException {
        problem.with("out", Files.writeString(folder.resolve("file"), "text"));
        assertRefused("file is a file; the output is a folder");
        Path full = Files.createDirectory(folder.resolve("full"));
        Files.writeString(full.resolve("metrics.json"), "an older result");
        problem.with("out", full);
        assertRefused("full is not empty");
        problem.with("out", folder.resolve("file/run"));
        assertRefused("file/run");
    }

    @ParameterizedTest
    @CsvSource({"grad-match, grad-match", "grad_match, grad-match", "GRAD-MATCH, grad-match", "Sgd, sgd"})
    void namesAreTakenAsPeopleWriteThem(String mode, String meant) throws IOException {
        problem.with("mode", mode).with("quiet", "");
        assertThat(problem.run("probe").code()).isZero();
        assertThat(metrics().at("/settings/mode").asString()).isEqualTo(meant);
    }

    private JsonNode metrics() throws IOException {
        return JsonMapper.builder()
                .build()
                .readTree(Files.readAllBytes(problem.out().resolve("metrics.json")));
    }

    @ParameterizedTest
    @CsvSource({
        "mimic, proj",
        "mimic, cos",
        "mimic, normed_proj",
        "mimic, normed_cos",
        "mimic, opt",
        "sgd, proj",
        "grand, proj",
        "agra, proj",
        "influence, proj",
        "rho, proj",
        "grad-match, opt"
    })
    void aNonFiniteSampleIsLeftOut(String mode, String score) throws IOException {
        double[] values = problem.features.clone();
        values[6 * D + 3] = Double.NaN;
        clean();
        for (String lambda : new String[] {"0", "0.5"}) {
            problem.with("features", problem.write("nan.npy", "<f4", values, N, D))
                    .with("mode", mode)
                    .with("score", score)
                    .with("lambda", lambda)
                    .with("out", folder.resolve("run" + lambda));
            Run run = problem.run("probe");
            assertThat(run.err()).contains("1 sample has no finite loss or score and got weight 0: [6]");
            assertThat(run.code()).isZero();
            for (String file : new String[] {"final_weight.npy", "final_bias.npy"}) {
                for (float x : Vectors.floats(problem.out().resolve(file)))
                    assertThat(x).isFinite();
            }
            float[] weights = Vectors.floats(problem.out().resolve("sample_weights.npy"));
            float[] scores = Vectors.floats(problem.out().resolve("scores.npy"));
            for (int e = 0; e < 2; e++) {
                assertThat(weights[e * N + 6]).isZero();
                assertThat(scores[e * N + 6]).isNaN();
                for (int i = 0; i < N; i++) assertThat(weights[e * N + i]).isFinite();
                JsonNode epoch = metrics().get("epochs").get(e);
                assertThat(epoch.get("non_finite_samples").toString()).isEqualTo("[6]");
                assertThat(epoch.get("mean_loss").isNumber()).isTrue();
            }
            boolean sumsToOne = !score.equals("proj") && !score.equals("cos") && !score.equals("opt")
                    || !mode.equals("mimic") && !mode.equals("grad-match");
            if (sumsToOne) {
                // Three batches an epoch.
                double sum = 0;
                for (int i = 0; i < N; i++) sum += weights[i];
                assertThat(sum).isCloseTo(3, within(1e-6));
            }
        }
    }

    @Test
    void aHeadThatDivergesIsAnError() {
        problem.with("mode", "sgd")
                .with("optimizer", "sgd")
                .with("lr", 1e30)
                .with("epochs", 5)
                .with("quiet", "");
        Run run = problem.run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains("has no finite score", "a smaller learning rate");
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 4, 3", "5, 1, 2", "5, 3, 1"})
    void theSmallestShapes(int n, int d, int c) throws IOException {
        for (String mode : new String[] {"mimic", "sgd", "grand", "agra", "rho", "grad-match"}) {
            problem = new Problem(folder, n, n, d, c)
                    .probe(mode)
                    .with("batch-size", 2_000_000_000)
                    .with("quiet", "")
                    .with("out", folder.resolve(mode));
            Run run = problem.run("probe");
            assertThat(run.err()).as(mode).isEmpty();
            assertThat(run.code()).isZero();
            assertThat(Vectors.floats(problem.out().resolve("sample_weights.npy")))
                    .hasSize(2 * n);
            for (float x : Vectors.floats(problem.out().resolve("final_weight.npy")))
                assertThat(x).isFinite();
        }
    }

    @Test
    void aFullDiskLeavesTheFinishedPartsOfTheLog() throws Exception {
        problem = new Problem(folder, 3, 4000, 2, 2)
                .probe("mimic")
                .with("epochs", 100)
                .with("batch-size", 2000);
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            assumeTrue(disk.isMounted(), "a 1 MB tmpfs cannot be mounted here (not root, or no mount capability)");
            Path out = disk.path().resolve("run");
            Run run = problem.with("out", out).with("quiet", "").run("probe");
            assertThat(run.err().lines()).hasSize(1);
            assertThat(run.err()).contains("No space left on device");
            assertThat(run.code()).isEqualTo(2);
            assertThat(ScoreLog.open(out.resolve("scores")).rows()).isPositive();
            assertThat(content(out)).noneMatch(path -> path.toString().endsWith(".tmp"));
            assertThat(out.resolve("scores.npy")).doesNotExist();
            assertThat(out.resolve("metrics.json")).doesNotExist();
        }
    }
}
