package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
        RunFolder.begin(problem.out(), Map.of("--lr", "1"), false);
        Run run = problem.run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains(problem.out() + " contains an unfinished run; continue it with --resume");
    }

    @Test
    void refusesOtherSettingsByName() throws Exception {
        Problem problem = problem();
        RunFolder.begin(problem.out(), Map.of("--lr", "1", "--epochs", "2", "--order", "5 bytes, checksum 0"), false);
        Run run = problem.with("resume", "").run("probe");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .contains("which was started with other settings: ", "--lr (1, now 1.0E-4)")
                .contains("--order (5 bytes, checksum 0, now none)", "--features (none, now ")
                .doesNotContain("--epochs");
        try (var files = Files.list(problem.out())) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aFileOfTheSameSizeIsToldApart() throws Exception {
        Path file = folder.resolve("file");
        byte[] bytes = new byte[3 << 20];
        Files.write(file, bytes);
        String before = FileMark.of(file);
        assertThat(FileMark.of(file)).isEqualTo(before).startsWith("3145728 bytes, checksum ");
        bytes[bytes.length - 1] = 1;
        Files.write(file, bytes);
        assertThat(FileMark.of(file)).isNotEqualTo(before);
        Files.write(file, new byte[0]);
        assertThat(FileMark.of(file)).isEqualTo("0 bytes, checksum 00000000");
    }
}
