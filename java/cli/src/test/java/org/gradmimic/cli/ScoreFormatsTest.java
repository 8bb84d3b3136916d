package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code gradmimic score features} accepts beyond float32 and int64. */
class ScoreFormatsTest {
    private static final int N = 37;
    private static final int D = 7;
    private static final int C = 3;

    @TempDir
    Path folder;

    private Problem problem;

    @BeforeEach
    void make() {
        problem = new Problem(folder, 11, N, D, C).score().with("quiet", "");
    }

    private float[] scores() {
        Run run = problem.run("score features");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return Vectors.floats(problem.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<i4", "|u1"})
    void labelsOfEveryInteger(String type) {
        float[] expected = scores();
        problem.with("labels", problem.write("narrow.npy", type, problem.labels, N));
        assertThat(scores()).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"features", "weight", "bias", "reference-weight"})
    void doublesThatAreFloats(String option) {
        float[] expected = scores();
        double[] values = switch (option) {
            case "features" -> problem.features;
            case "weight" -> problem.weight;
            case "bias" -> problem.bias;
            default -> problem.reference;
        };
        long[] shape = switch (option) {
            case "features" -> new long[] {N, D};
            case "bias" -> new long[] {C};
            default -> new long[] {C, D};
        };
        problem.with(option, problem.write("wide.npy", "<f8", values, shape));
        assertThat(scores()).isEqualTo(expected);
    }

    @Test
    void halves() {
        float[] expected = scores();
        problem.with("features", problem.write("half.npy", "<f2", problem.features, N, D));
        float[] actual = scores();
        for (int i = 0; i < N; i++) {
            // Features of size 2 lose 2⁻¹⁰ of themselves; seven of them with weights and V of that size.
            assertThat(actual[i]).isCloseTo(expected[i], within(0.02f));
        }
        assertThat(actual).isNotEqualTo(expected);
    }

    /** Older writers align the elements to 16 bytes, careless ones not at all. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void elementsAtAnyOffset(int extra) throws IOException {
        float[] expected = scores();
        for (String option : new String[] {"features", "weight", "labels"}) {
            Path aligned = folder.resolve(option + ".npy");
            byte[] whole = Files.readAllBytes(aligned);
            boolean labels = option.equals("labels");
            byte[] header = labels
                    ? Npys.header("<i8", false, extra, N)
                    : Npys.header("<f4", false, extra, option.equals("weight") ? C : N, D);
            int bytes = labels ? N * 8 : (option.equals("weight") ? C : N) * D * 4;
            byte[] moved = Arrays.copyOf(header, header.length + bytes);
            System.arraycopy(whole, whole.length - bytes, moved, header.length, bytes);
            problem.with(option, Files.write(folder.resolve("moved-" + option + ".npy"), moved));
        }
        assertThat(scores()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 4, 3", "1, 4, 3", "1, 1, 1", "5, 1, 2", "5, 3, 1", "0, 1, 1"})
    void theSmallestShapes(int n, int d, int c) {
        for (String kind : new String[] {"proj", "cos", "normed_proj", "normed_cos", "opt"}) {
            problem = new Problem(folder, n + 10L * d, n, d, c)
                    .score()
                    .with("quiet", "")
                    .with("score", kind);
            float[] actual = scores();
            assertThat(actual).hasSize(n);
            for (float x : actual) assertThat(x).isFinite();
            if (n == 1 && kind.startsWith("normed")) assertThat(actual).containsExactly(1f);
        }
    }

    @Test
    void aBatchLargerThanTheFileIsTheFile() {
        problem.with("score", "normed_proj");
        float[] expected = scores();
        problem.with("batch-size", Long.MAX_VALUE);
        assertThat(scores()).isEqualTo(expected);
    }

    @Test
    void aSampleThatIsNotFiniteIsNamed() {
        double[] values = problem.features.clone();
        values[30 * D + 1] = Double.NaN;
        problem.without("quiet").with("score", "normed_cos");
        problem.with("features", problem.write("nan.npy", "<f4", values, N, D));
        Run run = problem.run("score features");
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("1 of 37 samples has no finite score: sample 30");
        float[] weights = Vectors.floats(problem.out());
        assertThat(weights[30]).isZero();
        double sum = 0;
        for (float w : weights) sum += w;
        assertThat(sum).isCloseTo(1, within(1e-6));
    }

    @Test
    void anotherResultIsReplaced() throws IOException {
        float[] expected = scores();
        Files.writeString(problem.out(), "something else");
        assertThat(scores()).isEqualTo(expected);
    }
}
