package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.data.NpyFile;
import org.gradmimic.demo.Demo;
import org.gradmimic.demo.DemoStage;
import org.gradmimic.select.Detection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DemoCommandTest {
    private static final String TINY = "drawn:classes=4,train=600,test=100";

    @TempDir
    private Path folder;

    @Test
    void printsWhatItWrites() throws Exception {
        Path out = folder.resolve("runs/demo");
        Run run = Run.main(
                "demo",
                "--data",
                TINY,
                "--out",
                out.toString(),
                "--epochs",
                "2",
                "--backbone-epochs",
                "3",
                "--noise",
                "0.25",
                "--temperature",
                "0.5",
                "--seed",
                "3");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("120 clean pictures; 480 with 25.0 % of the labels corrupted; 100 to test on; 4 classes")
                .contains("reference", "plain training", "Grad-Mimic", "precision", "recall", "F1", "pictures kept")
                .contains(out.toString());
        for (DemoStage stage : DemoStage.values()) {
            assertThat(run.out()).contains(stage.toString());
            assertThat(run.err()).contains(stage.toString());
        }

        JsonNode metrics = JsonMapper.builder().build().readTree(Files.readAllBytes(out.resolve("metrics.json")));
        assertThat(metrics.at("/settings/temperature").asDouble()).isEqualTo(0.5);
        assertThat(metrics.at("/settings/seed").asLong()).isEqualTo(3);
        assertThat(metrics.at("/plain/epochs").size()).isEqualTo(2);
        double accuracy = metrics.at("/mimic/epochs/1/test_accuracy").asDouble();
        assertThat(run.out()).contains(String.format(java.util.Locale.ROOT, "%.1f %%", 100 * accuracy));
        Detection detection = Detection.of(booleans(out.resolve(Demo.KEEP)), booleans(out.resolve(Demo.CORRUPTED)));
        assertThat(detection.truePositives() + detection.falseNegatives()).isEqualTo(120);
        assertThat(metrics.at("/detection/f1").asDouble()).isCloseTo(detection.f1(), within(1e-12));
        assertThat(run.out()).contains(String.format(java.util.Locale.ROOT, "%.3f", detection.f1()));

        Run again = Run.main("demo", "--data", TINY, "--out", out.toString());
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains(out.toString(), "not empty");
    }

    @ParameterizedTest
    @CsvSource({
        "--noise, 1.5, the noise is 1.5",
        "--noise, NaN, the noise is NaN",
        "--temperature, 0, the temperature is 0",
        "--epochs, 0, the number of epochs is 0",
        "--backbone-epochs, -1, the number of backbone epochs is -1",
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

    private static boolean[] booleans(Path file) {
        try (NpyFile npy = NpyFile.open(file)) {
            return npy.readBooleans();
        }
    }
}
