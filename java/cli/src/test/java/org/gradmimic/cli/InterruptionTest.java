package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.io.npy.NpyWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class InterruptionTest {
    /** Stands for a long command: says that it is busy and waits. */
    static final class Busy {
        public static void main(String[] args) throws InterruptedException {
            Interruption.watch(new PrintWriter(System.err, true));
            if (args.length > 0) Interruption.kept(() -> args[0]);
            System.out.println("busy");
            Thread.sleep(TimeUnit.MINUTES.toMillis(5));
        }
    }

    /** Stands for a command that has come to its end. */
    static final class Done {
        public static void main(String[] args) {
            Interruption.watch(new PrintWriter(System.err, true));
            Interruption.kept(() -> "everything");
            Interruption.end();
            System.exit(0);
        }
    }

    /** Stands for a command whose threads are in LibTorch; it starts and ends parallel regions without a pause. */
    static final class BusyInLibTorch {
        public static void main(String[] args) throws InterruptedException {
            Interruption.watch(new PrintWriter(System.err, true));
            for (int i = 0; i < 4; i++) {
                Thread thread = new Thread(() -> {
                    while (true) {
                        try (PointerScope scope = new PointerScope()) {
                            Tensor a = torch.randn(new long[] {300, 300});
                            torch.softmax(torch.mm(a, a).add(a), 1).sum();
                        }
                    }
                });
                thread.start();
            }
            Thread.sleep(300);
            System.out.println("busy");
        }
    }

    /** Destructors that run while LibTorch works crash the JVM in some of the cases: exit code 134 instead of 143. */
    @Test
    void terminationWhileLibTorchWorksDoesNotCrash(@TempDir Path folder) throws Exception {
        for (int i = 0; i < 8; i++) {
            ProcessBuilder builder = Run.java(BusyInLibTorch.class.getName());
            builder.command().add(1, "-XX:ErrorFile=" + folder.resolve("crash.log"));
            Process process = builder.redirectErrorStream(true).start();
            try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
                assertThat(out.readLine()).isEqualTo("busy");
                process.toHandle().destroy();
                assertThat(out.lines().toList()).containsExactly("", "gradmimic: interrupted");
                assertThat(process.waitFor()).isEqualTo(143);
            } finally {
                process.destroyForcibly();
            }
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void saysWhatWasKept() throws Exception {
        assertThat(interrupted("out: epochs 1 to 3"))
                .isEqualToIgnoringNewLines("gradmimic: interrupted; kept: out: epochs 1 to 3");
    }

    @Test
    void withoutAMessageNothingIsPrinted() throws Exception {
        assertThat(interrupted()).isEqualToIgnoringNewLines("gradmimic: interrupted");
    }

    @Test
    void aNormalEndPrintsNothing() throws Exception {
        Run run = Run.process(Run.java(Done.class.getName()));
        assertThat(run).isEqualTo(new Run(0, "", ""));
    }

    /** In the middle of its output: a filter of so many samples takes some seconds to write. */
    @ParameterizedTest
    @ValueSource(strings = {"keep.npy", "keep.parquet", "keep.txt"})
    void aFilterLeavesNothingHalfWritten(String name, @TempDir Path folder) throws Exception {
        Path none = Files.writeString(folder.resolve("none.txt"), "");
        Path out = Files.writeString(folder.resolve(name), "old");
        Process process = Run.interruptible(
                        Main.class.getName(),
                        "filter",
                        "combine",
                        "!none",
                        "--filter",
                        "none=" + none,
                        "--samples",
                        "300000000",
                        "--out",
                        out.toString())
                .start();
        try (BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
            while (process.isAlive() && !isBeingWritten(folder, name)) Thread.sleep(5);
            interrupt(process);
            assertThat(err.lines().toList()).endsWith("gradmimic: interrupted");
            assertThat(process.waitFor()).isEqualTo(130);
        } finally {
            process.destroyForcibly();
        }
        assertThat(out).hasContent("old");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(none, out);
        }
    }

    /** In the middle of its work: the label model's probabilities are written while the filter is made. */
    @Test
    void makingAFilterLeavesNothingHalfWritten(@TempDir Path folder) throws Exception {
        int samples = 20_000_000;
        Path scores = folder.resolve("scores.npy");
        float[] values = new float[samples];
        for (int i = 0; i < samples; i++) values[i] = i % 1_000;
        NpyWriter.write(scores, values, 4, samples / 4);
        Path out = Files.writeString(folder.resolve("keep.npy"), "old");
        Path probabilities = Files.writeString(folder.resolve("p.npy"), "older");
        Process process = Run.interruptible(
                        Main.class.getName(),
                        "filter",
                        "--scores",
                        scores.toString(),
                        "--binarize",
                        "mixture",
                        "--aggregate",
                        "label-model",
                        "--probabilities",
                        probabilities.toString(),
                        "--out",
                        out.toString())
                .start();
        try (BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
            while (process.isAlive() && !isBeingWritten(folder, "p.npy")) Thread.sleep(1);
            interrupt(process);
            assertThat(err.lines().toList()).endsWith("gradmimic: interrupted");
            assertThat(process.waitFor()).isEqualTo(130);
        } finally {
            process.destroyForcibly();
        }
        assertThat(out).hasContent("old");
        assertThat(probabilities).hasContent("older");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(scores, out, probabilities);
        }
    }

    /** Whether there is a temporary file of that name, with content. */
    private static boolean isBeingWritten(Path folder, String name) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(Path::toFile)
                    .anyMatch(file -> file.getName().startsWith("." + name + ".")
                            && file.getName().endsWith(".tmp")
                            && file.length() > 0);
        }
    }

    private static void interrupt(Process process) throws Exception {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }

    private static String interrupted(String... args) throws Exception {
        ProcessBuilder builder = Run.interruptible(Busy.class.getName());
        builder.command().addAll(List.of(args));
        // As in a background job.
        builder.command().addAll(0, List.of("sh", "-c", "trap '' INT; exec \"$@\"", "sh"));
        Process process = builder.start();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
                BufferedReader err = process.errorReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo("busy");
            interrupt(process);
            StringBuilder text = new StringBuilder();
            err.lines().forEach(text::append);
            assertThat(process.waitFor()).isEqualTo(130);
            return text.toString();
        } finally {
            process.destroyForcibly();
        }
    }
}
