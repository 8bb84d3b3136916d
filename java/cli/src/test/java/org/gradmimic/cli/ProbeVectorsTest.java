package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code gradmimic probe} reproduces the reference training runs. */
class ProbeVectorsTest {
    private static final int EPOCHS = 3;

    @TempDir
    Path folder;

    static Stream<JsonNode> runs() throws Exception {
        return JsonMapper.builder()
                .build()
                .readTree(Files.readAllBytes(Vectors.path("probe/runs.json")))
                .valueStream();
    }

    @ParameterizedTest
    @MethodSource("runs")
    void agrees(JsonNode expected) throws Exception {
        String name = expected.get("name").asString();
        Path out = folder.resolve(name);
        Run run =
                Run.main(arguments(expected, out).stream().map(Object::toString).toArray(String[]::new));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();

        // The momentum run amplifies rounding.
        boolean momentum = !expected.get("momentum").isNull();
        assertWithin(name, out, "sample_weights.npy", momentum ? 2e-4 : 2e-5, false);
        assertWithin(name, out, "final_weight.npy", momentum ? 1e-3 : 1e-4, true);
        assertWithin(name, out, "final_bias.npy", momentum ? 1e-3 : 1e-4, true);
        boolean mimic = expected.get("mode").asString().equals("mimic");
        if (mimic) assertWithin(name, out, "scores.npy", momentum ? 2e-4 : 1e-5, true);
        JsonNode metrics = JsonMapper.builder().build().readTree(Files.readAllBytes(out.resolve("metrics.json")));
        assertBatchLosses(name, metrics, momentum ? 1e-3 : 1e-5);
        double accuracy =
                metrics.get("epochs").get(EPOCHS - 1).get("test_accuracy").asDouble();
        // Of 500 test samples; the reference is float32. A sample on the boundary may fall either way.
        assertThat(accuracy).isCloseTo(expected.get("test_accuracy").asDouble(), within(momentum ? 0.004 : 1e-6));
        assertLogAgrees(out);
    }

    private static List<Object> arguments(JsonNode run, Path out) {
        List<Object> args = new ArrayList<>(List.of("probe", "--quiet", "--out", out, "--epochs", EPOCHS));
        add(
                args,
                "features",
                "labels",
                "true_labels",
                "init_weight",
                "init_bias",
                "reference_weight",
                "reference_bias");
        add(args, "test_features", "test_labels", "order");
        args.addAll(List.of(
                "--mode",
                run.get("mode").asString(),
                "--optimizer",
                run.get("optimizer").asString()));
        args.addAll(List.of(
                "--lr",
                run.get("lr").asString(),
                "--weight-decay",
                run.get("weight_decay").asString()));
        args.addAll(List.of("--batch-size", run.get("batch_size").asString()));
        if (!run.get("momentum").isNull())
            args.addAll(List.of("--momentum", run.get("momentum").asString()));
        if (run.has("method")) {
            args.addAll(List.of(
                    "--score",
                    run.get("method").asString(),
                    "--temperature",
                    run.get("tau").asString()));
        }
        if (run.has("attached")) args.add("--rho-attached");
        switch (run.get("mode").asString()) {
            case "agra" -> args.addAll(List.of("--agra-comparison", Vectors.path("probe/agra_comparison_indices.npy")));
            case "influence" ->
                args.addAll(List.of(
                        "--clean-features", Vectors.path("probe/gold_features.npy"),
                        "--clean-labels", Vectors.path("probe/gold_labels.npy")));
            default -> {}
        }
        return args;
    }

    private static void add(List<Object> args, String... names) {
        for (String name : names) {
            args.add("--" + name.replace('_', '-'));
            args.add(Vectors.path("probe/" + name + ".npy"));
        }
    }

    private static void assertWithin(String run, Path out, String file, double tolerance, boolean relative) {
        float[] actual = Vectors.floats(out.resolve(file));
        double[] expected = Vectors.doubles(Vectors.path("probe/" + run + "/" + file));
        double largest = 0;
        for (double x : expected) largest = Math.max(largest, Math.abs(x));
        assertThat(actual).as(file).hasSize(expected.length);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i])
                    .as("%s of %s, element %d", file, run, i)
                    .isCloseTo(expected[i], within(tolerance * (relative ? largest : 1)));
        }
    }

    private static void assertBatchLosses(String run, JsonNode metrics, double tolerance) {
        double[] expected = Vectors.doubles(Vectors.path("probe/" + run + "/batch_losses.npy"));
        List<Double> actual = new ArrayList<>();
        metrics.get("epochs").forEach(e -> e.get("batch_losses").forEach(x -> actual.add(x.asDouble())));
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual.get(i))
                    .as("batch %d", i)
                    .isCloseTo(expected[i], within(tolerance * Math.max(1, expected[i])));
        }
    }

    /** The Parquet log has what the matrices have. */
    private static void assertLogAgrees(Path out) {
        float[] weights = Vectors.floats(out.resolve("sample_weights.npy"));
        ScoreLog log = ScoreLog.open(out.resolve("scores"));
        assertThat(log.rows()).isEqualTo(weights.length);
        float[][] logged = log.matrix(ScoreColumn.WEIGHT);
        int n = weights.length / EPOCHS;
        for (int e = 0; e < EPOCHS; e++) {
            for (int i = 0; i < n; i++) assertThat(logged[e][i]).isEqualTo(weights[e * n + i]);
        }
    }
}
