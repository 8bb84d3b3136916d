package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code gradmimic demo}, in small, and {@code gradmimic embed} with the backbone that it leaves. */
class DemoCommandTest {
    private static final String DATA = "drawn:classes=4,train=400,test=80";

    @TempDir
    private Path folder;

    @Test
    void leavesItsFilesAndPrintsWhatIsInThem() throws Exception {
        Path out = folder.resolve("demo");
        Run run = Run.main(
                "demo",
                "--quiet",
                "--data",
                DATA,
                "--backbone-epochs",
                "2",
                "--epochs",
                "1",
                "--noise",
                "0.25",
                "--out",
                out.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("reference", "plain training", "Grad-Mimic", "precision", "F1", "train the backbone");
        assertThat(run.out()).contains("320 with 25.0 % corrupted labels");
        assertThat(ScoreLog.open(out.resolve("scores")).rows()).isEqualTo(320);
        assertThat(Files.size(out.resolve("chart.png"))).isPositive();
        JsonNode metrics = JsonMapper.builder().build().readTree(Files.readAllBytes(out.resolve("metrics.json")));
        double f1 = metrics.get("detection").get("f1").asDouble();
        assertThat(run.out()).contains(String.format(Locale.ROOT, "F1 %.1f %%", 100 * f1));
        assertThat(metrics.at("/settings/noise").asDouble()).isEqualTo(0.25);
        assertThat(metrics.at("/plain/epochs").size()).isEqualTo(1);
        double accuracy = metrics.at("/mimic/epochs/0/test_accuracy").asDouble();
        assertThat(run.out()).contains(String.format(Locale.ROOT, "%.1f %%", 100 * accuracy));

        Path features = folder.resolve("features");
        Run embedded = Run.main(
                "embed",
                "--quiet",
                "--data",
                DATA,
                "--model",
                out.resolve("backbone.safetensors").toString(),
                "--split",
                "test",
                "--out",
                features.toString());
        assertThat(embedded.err()).isEmpty();
        assertThat(embedded.code()).isZero();
        try (NpyFile file = NpyFile.open(features.resolve("features.npy"));
                NpyFile labels = NpyFile.open(features.resolve("labels.npy"))) {
            file.requireShape(80, -1);
            labels.requireShape(80);
            for (float x : file.readFloats()) assertThat(x).isFinite();
        }
    }

    @Test
    void aKilledDemoIsResumed() throws Exception {
        Path out = folder.resolve("demo");
        String[] arguments = {
            "demo",
            "--quiet",
            "--data",
            DATA,
            "--backbone-epochs",
            "1",
            "--epochs",
            "30",
            "--out",
            out.toString(),
            "--resume"
        };
        ProcessBuilder builder = Run.java(Main.class.getName());
        builder.command().addAll(List.of(arguments));
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            while (process.isAlive() && !Files.exists(out.resolve(".plain.checkpoint"))) Thread.sleep(5);
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue()).isEqualTo(137);
        Run other = Run.main(arguments(arguments, "--seed", "9"));
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("other settings: --seed (1, now 9)");
        Run run = Run.main(arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("train plainly").doesNotContain("train the backbone", "embed all images");
        try (var files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .contains("metrics.json", "keep.npy")
                    .filteredOn(name -> name.startsWith("."))
                    .containsExactlyInAnyOrder(".run.json", ".lock");
        }
    }

    private static String[] arguments(String[] arguments, String... more) {
        return Stream.concat(Stream.of(arguments), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void resumingNeedsAFolder() {
        Run run = Run.main("demo", "--resume");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--resume needs --out");
    }

    @Test
    void keepsARunThatIsThere() throws Exception {
        Files.writeString(folder.resolve("old"), "kept");
        Run run = Run.main("demo", "--data", DATA, "--out", folder.toString());
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("gradmimic demo: " + folder + " is not empty");
        assertThat(folder.resolve("old")).hasContent("kept");
    }

    @Test
    void invalidArgumentsAreRefused() throws Exception {
        assertRefused("--noise is 1.5; it must be between 0 and 1", "demo", "--data", DATA, "--noise", "1.5");
        assertRefused("nowhere", "demo", "--data", "images:" + folder.resolve("nowhere"));
        assertRefused("unknown", "demo", "--data", "unknown:x");
        Path out = folder.resolve("out");
        assertRefused("no such file", "embed", "--data", DATA, "--model", "no.pt", "--out", out.toString());
        Path garbage = Files.writeString(folder.resolve("garbage.pt"), "neither one nor the other");
        assertRefused("garbage.pt", "embed", "--data", DATA, "--model", garbage.toString(), "--out", out.toString());
        assertRefused("--batch-size is 0", "embed", "--data", DATA, "--model", "x", "--batch-size", "0", "--out", "y");
        assertThat(out).doesNotExist();
    }

    private static void assertRefused(String words, String... args) {
        Run run = Run.main(args);
        assertThat(run.err()).contains("gradmimic " + args[0] + ": ").contains(words);
        assertThat(run.code()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "--noise, 1.5, --noise is 1.5; it must be between 0 and 1",
        "--noise, NaN, --noise is NaN; it must be finite",
        "--temperature, 0, --temperature is 0.0; it must be positive",
        "--lr, -1, --lr is -1.0; it must be positive",
        "--epochs, 0, --epochs is 0; it must be positive",
        "--backbone-epochs, -1, --backbone-epochs is -1; it must be positive",
        "--flips, maybe, is not one of auto",
        "--data, 'drawn:train=3', too few",
        "--data, npy:here, expected",
        "--data, images:/nowhere/at/all, /nowhere/at/all"
    })
    void wrongArgumentsEndBeforeTheFolderIsMade(String option, String value, String message) {
        Path out = folder.resolve("out");
        Run run = Run.main("demo", "--out", out.toString(), option, value);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("gradmimic demo: ").contains(message);
        assertThat(out).doesNotExist();
    }
}
