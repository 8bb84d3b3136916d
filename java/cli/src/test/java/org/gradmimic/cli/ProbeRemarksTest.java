package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code probe} says in a line before it trains with settings or data that are probably not intended. */
class ProbeRemarksTest {
    @TempDir
    Path folder;

    private Problem problem(String mode) {
        return new Problem(folder, 7, 11, 5, 3).probe(mode);
    }

    private static List<String> remarks(Problem problem) {
        Run run = problem.run("probe");
        assertThat(run.code()).as(run.err()).isZero();
        return run.err().lines().filter(line -> line.startsWith("note: ")).toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sgd | --temperature 2 | note: mode sgd ignores --temperature",
                "sgd | --score cos --starting-epoch 1 | note: mode sgd ignores --score, --starting-epoch",
                "sgd | --calibrate all --lambda 1 | note: mode sgd ignores --lambda, --calibrate",
                "mimic | --score proj --temperature 2 | note: score proj ignores --temperature",
                "mimic | --lambda 1 | note: score normed_proj ignores --lambda",
                "grand | --score cos | note: mode grand ignores --score",
                "mimic | --lr 0 | note: --lr is 0: the head does not change"
            })
    void anOptionThatChangesNothingIsNamed(String mode, String given, String note) {
        Problem problem = problem(mode);
        if (mode.equals("sgd") || mode.equals("grand")) problem.without("reference-weight");
        String[] words = given.split(" ");
        for (int i = 0; i < words.length; i += 2) problem.with(words[i].substring(2), words[i + 1]);
        assertThat(remarks(problem)).containsExactly(note);
    }

    @Test
    void anArrayThatTheModeDoesNotUseIsNamed() {
        assertThat(remarks(problem("sgd"))).containsExactly("note: mode sgd ignores --reference-weight");
    }

    @Test
    void labelsOfOneClassAreNamed() {
        Problem problem = problem("mimic");
        double[] ones = new double[problem.samples];
        java.util.Arrays.fill(ones, 2);
        problem.with("labels", problem.write("ones.npy", "<i8", ones, problem.samples));
        assertThat(remarks(problem))
                .containsExactly("note: every label is 2: a head trained on one class cannot distinguish classes");
    }

    @Test
    void aReferenceOfMoreClassesThanTheLabelsIsNamed() {
        Problem problem = problem("mimic");
        double[] labels = problem.labels.clone();
        for (int i = 0; i < labels.length; i++) labels[i] = i % 2;
        problem.with("labels", problem.write("two.npy", "<i8", labels, problem.samples));
        assertThat(remarks(problem))
                .containsExactly("note: the largest label is 1, but the reference has 3 classes, numbered from 0");
    }

    @ParameterizedTest
    @CsvSource({"mimic, 2", "agra, 1000"})
    void anEpochThatNeverComesIsRefused(String mode, int start) {
        problem(mode)
                .with("starting-epoch", start)
                .run("probe")
                .assertRefused("probe", "--starting-epoch is " + start + ", but the last epoch is 1");
    }

    @Test
    void whatIsUsedIsNotNamed() {
        Problem problem = problem("mimic").with("temperature", 2).with("starting-epoch", 1);
        assertThat(remarks(problem)).isEmpty();
        problem.with("score", "opt").with("lambda", 1).without("temperature").with("out", folder.resolve("opt"));
        assertThat(remarks(problem)).isEmpty();
    }
}
