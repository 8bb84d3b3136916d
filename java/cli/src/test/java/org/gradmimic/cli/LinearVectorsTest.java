package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code gradmimic score features} reproduces the reference scores of a linear head. */
class LinearVectorsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "proj_f64, proj, 1, 0, 1e-5",
        "cos_f64, cos, 1, 0, 1e-5",
        "normed_proj_tau1_f64, normed_proj, 1, 0, 1e-5",
        "normed_proj_tau0p05_f64, normed_proj, 0.05, 0, 1e-5",
        "normed_cos_tau0p5_f64, normed_cos, 0.5, 0, 1e-5",
        "opt_f64, opt, 1, 0, 1e-5",
        "opt_lambda2_f64, opt, 1, 2, 1e-3"
    })
    void agrees(String vector, String kind, String temperature, String lambda, double tolerance) {
        Path out = folder.resolve("scores.npy");
        List<Object> args = new ArrayList<>(List.of("score", "features", "--quiet"));
        for (String option : new String[] {"features", "labels", "weight", "bias", "reference_weight"}) {
            args.add("--" + option.replace('_', '-'));
            args.add(Vectors.path("linear/" + option + ".npy"));
        }
        args.addAll(List.of("--score", kind, "--temperature", temperature, "--lambda", lambda, "--out", out));
        Run run = Run.main(args.stream().map(Object::toString).toArray(String[]::new));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        float[] actual = Vectors.floats(out);
        double[] expected = Vectors.doubles(Vectors.path("linear/" + vector + ".npy"));
        double largest = 0;
        for (double x : expected) largest = Math.max(largest, Math.abs(x));
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < actual.length; i++) {
            // Relative to the largest score, as single precision sums are.
            assertThat((double) actual[i]).as("sample %d", i).isCloseTo(expected[i], within(tolerance * largest));
        }
    }
}
