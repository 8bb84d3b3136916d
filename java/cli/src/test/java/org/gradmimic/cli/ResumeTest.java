package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.gradmimic.io.run.RunFolder;
import org.gradmimic.io.run.RunRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When {@code --resume} begins, goes on and refuses; KilledProbeTest has what comes out. */
class ResumeTest {
    @TempDir
    Path folder;

    private Problem problem() {
        return new Problem(folder, 1, 20, 4, 3).probe("mimic").with("quiet", "");
    }

    @Test
    void beginsARunWhereThereIsNone() {
        Problem problem = problem().with("resume", "");
        assertThat(problem.run("probe").code()).isZero();
        assertThat(problem.out().resolve("metrics.json")).exists();
        // It is finished: nothing of it is lost to a second one.
        Run again = problem.run("probe");
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("is not empty");
    }

    @Test
    void anUnfinishedRunIsNotOverwritten() {
        Problem problem = problem();
        leaveUnfinished(problem, new RunRecord("probe").value("lr", "1"));
        Run run = problem.run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains(problem.out() + " contains an unfinished run; continue it with --resume");
    }

    @Test
    void aRunWithOtherSettingsIsNotResumed() throws Exception {
        Problem problem = problem();
        leaveUnfinished(
                problem,
                new RunRecord("probe").value("lr", "1").value("epochs", "2").value("order", "5 bytes, checksum 0"));
        Run run = problem.with("resume", "").run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .contains("which was started with other settings: ", "--lr (1, now 1.0E-4)")
                .contains("--order (5 bytes, checksum 0, now none)", "--features (none, now ")
                .doesNotContain("--epochs");
        try (var files = Files.list(problem.out())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(".run.json", ".lock");
        }
    }

    private static void leaveUnfinished(Problem problem, RunRecord record) {
        RunFolder.begin(problem.out(), record, RunFolder.Start.NEW, Set.of()).close();
    }
}
