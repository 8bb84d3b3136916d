package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which command of {@code score} a command line means, and which of its options a run does not use. */
class ScoreCommandTest extends ModelScoreFixture {
    private static byte[] output(Path folder, String name, Run run) throws Exception {
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return Files.readAllBytes(folder.resolve(name));
    }

    private Run old() {
        List<String> arguments = new ArrayList<>(List.of("score"));
        options.forEach((option, value) -> arguments.add("--" + option + (value.isEmpty() ? "" : "=" + value)));
        return Run.main(arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proj", "normed_cos"})
    void withoutACommandTheResultIsTheSame(String kind) throws Exception {
        Problem problem =
                new Problem(folder, 7, 11, 5, 3).score().with("quiet", "").with("score", kind);
        byte[] features = output(folder, "out.npy", problem.run("score features"));
        assertThat(output(folder, "out.npy", problem.run("score"))).isEqualTo(features);
        byte[] model = output(folder, "scores.npy", with("score", kind).run());
        assertThat(output(folder, "scores.npy", old())).isEqualTo(model);
        assertThat(Files.size(folder.resolve("scores.npy"))).isEqualTo(128 + 8 * Float.BYTES);
    }

    @Test
    void withoutOptionsTheCommandsAreNamed() {
        Run.main("score").assertRefused("score", "a command is missing; expected one of features, model");
        Run help = Run.main("score", "--help");
        assertThat(help.code()).isZero();
        assertThat(help.out()).contains("features", "model");
        Run.main("score", "--labels", "y.npy")
                .assertRefused("score features", "Missing required options", "--features");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "proj | --temperature 2 --lambda 1 | note: proj ignores --temperature, --lambda",
                "cos | --temperature 1 | note: cos ignores --temperature",
                "opt | --temperature 2 | note: opt ignores --temperature",
                "normed_proj | --lambda 0 | note: normed_proj ignores --lambda"
            })
    void anOptionThatTheKindDoesNotUseIsNamed(String kind, String given, String note) {
        Problem problem = new Problem(folder, 7, 11, 5, 3).score().with("score", kind);
        String[] words = given.split(" ");
        for (int i = 0; i < words.length; i += 2) problem.with(words[i].substring(2), words[i + 1]);
        Run run = problem.run("score features");
        assertThat(run.code()).isZero();
        assertThat(run.err().lines().filter(line -> line.startsWith("note: "))).containsExactly(note);
    }

    @Test
    void anOptionThatTheModelDoesNotUseIsNamed() {
        options.remove("quiet");
        Run run = with("contrastive", "path").with("seed", 3).with("std", 2).run();
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err().lines().filter(line -> line.startsWith("note: ")))
                .containsExactly(
                        "note: vit ignores --contrastive",
                        "note: --images ignores --std",
                        "note: a run without --allow-head-mismatch ignores --seed");
    }

    @Test
    void optionsThatAreUsedAreNotNamed() {
        Problem problem = new Problem(folder, 7, 11, 5, 3).score();
        Run run = problem.with("score", "normed_proj").with("temperature", 2).run("score features");
        assertThat(run.code()).isZero();
        assertThat(run.err()).doesNotContain("ignores");
    }
}
