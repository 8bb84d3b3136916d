package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradmimic.io.Json;
import org.gradmimic.select.score.ScoreLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class TrainCommandTest {
    private static final String LETTERS = "drawn:classes=4,train=60,test=20,size=16";

    @TempDir
    private Path folder;

    private static String[] arguments(Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                "--data",
                LETTERS,
                "--model",
                "resnet",
                "--model-config",
                "resnet10_cifar",
                "--img-size",
                "16",
                "--batch-size",
                "16",
                "--epochs",
                "2",
                "--lr",
                "1e-3",
                "--out",
                out.toString()));
        arguments.addAll(Arrays.asList(more));
        return arguments.toArray(new String[0]);
    }

    @Test
    void trainsPlainlyAndThenTowardThatModel() throws IOException {
        Path clean = folder.resolve("clean");
        Run run = Run.main(arguments(clean));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("top-1", clean.toString());
        assertThat(run.err()).contains("epoch 0: loss", "images/s, waited");
        assertThat(clean.resolve("last.safetensors")).exists();
        assertThat(clean.resolve(".checkpoint")).as("a finished run needs none").doesNotExist();
        assertThat(clean.resolve("changed_labels.csv")).doesNotExist();

        Path out = folder.resolve("mimic");
        run = Run.main(arguments(
                out,
                "--mode",
                "mimic",
                "--temperature",
                "0.5",
                "--noise",
                "0.4",
                "--reference",
                clean.resolve("best.safetensors").toString()));
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode metrics = Json.tree(Files.readString(out.resolve("metrics.json")));
        assertThat(metrics.required("settings").required("mode").stringValue()).isEqualTo("mimic");
        assertThat(metrics.required("inputs").has("reference")).isTrue();
        assertThat(metrics.required("epochs").size()).isEqualTo(2);
        JsonNode last = metrics.required("epochs").required(1);
        assertThat(last.required("down_weighted").doubleValue()).isBetween(0.0, 1.0);
        assertThat(last.required("direction_norm").doubleValue()).isPositive();
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(2);
        assertThat(Files.readAllLines(out.resolve("changed_labels.csv"))).hasSize(1 + 24);
        ScoreLog log = ScoreLog.open(out.resolve("scores"));
        assertThat(log.rows()).isEqualTo(120);

        assertThat(Run.main(arguments(out)).err()).contains("finished run");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--mode mimic | mode mimic needs --reference, which is missing",
                "--noise 2 | --noise is 2.0; it must be from 0 to 1",
                "--mean 1,2 | --mean is 1,2; it must be one number, or three with commas between them",
                "--warmup-epochs 2 | --warmup-epochs is 2.0; it must be less than the 2 epochs of the run",
                "--evaluate-on validation | has no validation split",
                "--weights none.safetensors | none.safetensors",
                "--model vit | the model configuration resnet10_cifar is not a file",
                "--model clip | 'clip' is not one of vit, resnet"
            })
    void refusesWhatCannotBeTrained(String option, String message) {
        List<String> arguments = new ArrayList<>(List.of(arguments(folder.resolve("out"))));
        String[] more = option.split(" ");
        int at = arguments.indexOf(more[0]);
        if (at >= 0) arguments.set(at + 1, more[1]);
        else arguments.addAll(List.of(more));
        Run run = Run.main(arguments.toArray(new String[0]));
        run.assertRefused("train", message);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "INT, 130"})
    void endsAtTheNextStepAndSaysHowToResume(String signal, int code) throws Exception {
        Path out = folder.resolve("out");
        List<String> arguments = new ArrayList<>(List.of(arguments(out)));
        arguments.set(arguments.indexOf("--epochs") + 1, "400");
        List<String> command = new ArrayList<>(List.of(Main.class.getName()));
        command.addAll(arguments);
        Process process = Run.interruptible(command.toArray(new String[0])).start();
        try (BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
            String line = err.readLine();
            while (line != null && !line.startsWith("epoch 1:")) line = err.readLine();
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            List<String> rest = err.lines().toList();
            assertThat(rest.get(rest.size() - 1))
                    .isEqualTo(
                            "interrupted; " + out + " has a checkpoint, and the same command with --resume continues");
            assertThat(process.waitFor()).isEqualTo(code);
        } finally {
            process.destroyForcibly();
        }
        assertThat(out.resolve(".checkpoint")).exists();
    }
}
