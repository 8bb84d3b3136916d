package org.gradmimic.io.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SettingException;
import org.gradmimic.io.run.RunFolder.Start;
import org.gradmimic.io.run.Setting.OnResume;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RunFolderTest {
    private static final Setting<Integer> EPOCHS =
            Setting.whole("epochs", "E", "Epochs").defaultsTo(5).onResume(OnResume.MAY_GROW);
    private static final Setting<Integer> SEED =
            Setting.whole("seed", "S", "Seed").defaultsTo(0);
    private static final SettingGroup GROUP = SettingGroup.of(EPOCHS, SEED);
    private static final Set<String> OUTPUTS = Set.of("result", "log", ".checkpoint");

    @TempDir
    Path temporary;

    private Path folder() {
        return temporary.resolve("some/run");
    }

    private static RunRecord record(int epochs, int seed) {
        return new RunRecord("test")
                .settings(SettingValues.of(GROUP).with(EPOCHS, epochs).with(SEED, seed));
    }

    private RunFolder begin(Start start, int epochs) {
        return RunFolder.begin(folder(), record(epochs, 0), start, OUTPUTS);
    }

    private void finished(int epochs) throws IOException {
        try (RunFolder run = begin(Start.NEW, epochs)) {
            Files.writeString(folder().resolve("result"), "old");
            Files.writeString(folder().resolve(".checkpoint"), "old");
            Files.writeString(Files.createDirectory(folder().resolve("log")).resolve("part"), "old");
            run.finish();
        }
    }

    private List<String> content() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void anyStartBeginsARunWhereThereIsNone() {
        for (Start start : Start.values()) {
            Path folder = temporary.resolve(start.name());
            try (RunFolder run = RunFolder.begin(folder, record(5, 0), start, OUTPUTS)) {
                assertThat(run.resumed()).isFalse();
                assertThat(folder.resolve(".run.json"))
                        .content()
                        .contains("\"finished\" : false", "\"processors\" : \"", "\"started\" : \"");
            }
        }
    }

    @Test
    void anUnfinishedRunIsResumedWithTheSameSettingsOnly() {
        begin(Start.NEW, 5).close();
        assertThatThrownBy(() -> begin(Start.NEW, 5))
                .isInstanceOfSatisfying(
                        RunFolderException.class, e -> assertThat(e.finished()).isFalse())
                .hasMessage(folder() + " contains an unfinished run");
        assertThatThrownBy(() -> RunFolder.begin(folder(), record(5, 1), Start.RESUME, OUTPUTS))
                .isInstanceOf(SettingException.class)
                .hasMessage("cannot resume the run in " + folder()
                        + ", which was started with other settings: seed (0, now 1)");
        assertThatThrownBy(() -> RunFolder.begin(folder(), new RunRecord("other"), Start.RESUME, OUTPUTS))
                .hasMessageContaining("contains a run of test, which other cannot resume");
        try (RunFolder run = begin(Start.RESUME, 5)) {
            assertThat(run.resumed()).isTrue();
        }
    }

    @Test
    void aFinishedRunIsExtendedButNotRepeated() throws IOException {
        finished(5);
        for (Start start : List.of(Start.NEW, Start.RESUME)) {
            assertThatThrownBy(() -> begin(start, 5))
                    .hasMessage(folder() + " is not empty: it contains a finished run")
                    .isInstanceOfSatisfying(RunFolderException.class, e -> {
                        assertThat(e.finished()).isTrue();
                        assertThat(e.growing()).containsExactly("epochs");
                    });
        }
        assertThatThrownBy(() -> begin(Start.RESUME, 4)).hasMessageContaining("epochs (5, now 4; it may only grow)");
        try (RunFolder run = begin(Start.RESUME, 6)) {
            assertThat(run.resumed()).isTrue();
        }
        // It is unfinished again, and has six epochs.
        assertThatThrownBy(() -> begin(Start.RESUME, 5)).hasMessageContaining("epochs (6, now 5");
        begin(Start.RESUME, 6).close();
    }

    @Test
    void overwritingDeletesTheRunsOutputsAndNothingElse() throws IOException {
        finished(5);
        Path notes = Files.writeString(folder().resolve("notes.txt"), "mine");
        assertThatThrownBy(() -> begin(Start.OVERWRITE, 5))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("which also contains notes.txt");
        assertThat(content()).containsExactly(".checkpoint", ".lock", ".run.json", "log", "notes.txt", "result");
        Files.delete(notes);
        try (RunFolder run = begin(Start.OVERWRITE, 2)) {
            assertThat(run.resumed()).isFalse();
        }
        assertThat(content()).containsExactly(".lock", ".run.json");
    }

    @Test
    void overwritingKeepsItsOwnInput() throws IOException {
        finished(5);
        RunRecord record = record(5, 0).input("start", folder().resolve("result"));
        assertThatThrownBy(() -> RunFolder.begin(folder(), record, Start.OVERWRITE, OUTPUTS))
                .isInstanceOf(SettingException.class)
                .hasMessageContaining("start is " + folder().resolve("result"));
        assertThat(folder().resolve("result")).hasContent("old");
    }

    @Test
    void aFolderWithoutARunIsNotChanged() throws IOException {
        Files.createDirectories(folder());
        Path file = Files.writeString(folder().resolve("photo"), "mine");
        for (Start start : Start.values()) {
            assertThatThrownBy(() -> begin(start, 5)).hasMessageContaining("is not empty: it holds photo");
        }
        assertThatThrownBy(() -> RunFolder.lockEmpty(folder())).hasMessageContaining("is not empty: it holds photo");
        assertThat(content()).containsExactly("photo");
        assertThat(file).hasContent("mine");
        assertThatThrownBy(() -> RunFolder.begin(file, record(5, 0), Start.NEW, OUTPUTS))
                .hasMessageContaining("is a file; the output is a folder");
    }

    @Test
    void leftoversOfAKilledProcessAreNotContent() throws IOException {
        Files.createDirectories(folder());
        Files.writeString(folder().resolve(".run.json.gm-1-1-0.tmp"), "half");
        Files.writeString(folder().resolve(".lock"), "1");
        begin(Start.NEW, 5).close();
        assertThatThrownBy(() -> RunFolder.lockEmpty(folder())).hasMessageContaining("it contains a run");
    }

    @Test
    void aDamagedRunIsNamed() throws IOException {
        begin(Start.NEW, 5).close();
        for (String content :
                new String[] {"", "{}", "{\"command\": \"test\"", "[1]", "{\"command\": 1, \"settings\": {}}"}) {
            Files.writeString(folder().resolve(".run.json"), content);
            assertThatThrownBy(() -> begin(Start.RESUME, 5))
                    .as(content)
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(".run.json is damaged");
        }
    }

    /** Holds a folder until its input ends. */
    static final class Holder {
        public static void main(String[] args) throws IOException {
            try (FolderLock lock = FolderLock.take(Path.of(args[0]))) {
                System.out.println("held");
                while (System.in.read() >= 0) {}
            }
        }
    }

    @Test
    void oneProcessAtATimeHasAFolder() throws Exception {
        begin(Start.NEW, 5).close();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo("held");
            for (Start start : Start.values()) {
                assertThatThrownBy(() -> begin(start, 5))
                        .isInstanceOf(InputException.class)
                        .hasMessageContaining(folder() + " is in use by process " + process.pid());
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        // Killed, it has no lock any more.
        begin(Start.RESUME, 5).close();
    }

    @Test
    void oneRunAtATimeInAProcess() {
        try (RunFolder run = begin(Start.NEW, 5)) {
            assertThatThrownBy(() -> FolderLock.take(folder()))
                    .hasMessageContaining(
                            "is in use by process " + ProcessHandle.current().pid() + " (this one)");
            run.close();
            FolderLock.take(folder()).close();
        }
    }

    @Test
    void filesOfTheSameSizeAreDistinguished() throws Exception {
        Path file = temporary.resolve("file");
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
