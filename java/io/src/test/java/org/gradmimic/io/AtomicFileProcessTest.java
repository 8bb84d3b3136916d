package org.gradmimic.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writers of one file in processes of their own. */
class AtomicFileProcessTest {
    private static final int HALF = 100_000;

    @TempDir
    Path folder;

    private final List<Writer> writers = new ArrayList<>();

    /** Writes one half, and the other half when a line comes. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws IOException {
            byte[] half = new byte[HALF];
            Arrays.fill(half, arguments[1].getBytes(StandardCharsets.US_ASCII)[0]);
            try (AtomicFile file = AtomicFile.create(Path.of(arguments[0]))) {
                file.writeAt(ByteBuffer.wrap(half), 0);
                System.out.println("half");
                System.in.read();
                file.writeAt(ByteBuffer.wrap(half), HALF);
                file.commit();
            }
        }
    }

    @AfterEach
    void endWriters() {
        writers.forEach(writer -> writer.process.destroyForcibly());
    }

    @Test
    void theLastToEndGivesTheContent() throws Exception {
        Path target = folder.resolve("a.bin");
        Writer first = new Writer(target, "1");
        Writer second = new Writer(target, "2");
        assertThat(target).doesNotExist();
        first.finish();
        assertThat(target).hasContent("1".repeat(2 * HALF));
        second.finish();
        assertThat(target).hasContent("2".repeat(2 * HALF));
        assertThat(names()).containsExactly("a.bin");
    }

    @Test
    void aKilledWriterLeavesTheFileWhole() throws Exception {
        Path target = folder.resolve("a.bin");
        Writer first = new Writer(target, "1");
        Writer second = new Writer(target, "2");
        second.kill();
        first.finish();
        assertThat(target).hasContent("1".repeat(2 * HALF));
    }

    @Test
    void temporaryFilesOfDeadProcessesAreRemovedAndOthersAreKept() throws Exception {
        Writer dead = new Writer(folder.resolve("dead.bin"), "1");
        Writer living = new Writer(folder.resolve("a.bin"), "2");
        dead.kill();
        Path strange = Files.createFile(folder.resolve(".a.bin.tmp"));
        Path anotherLock = Files.createFile(folder.resolve(".notes.lock"));
        assertThat(names()).hasSize(6);
        Writer cleaner = new Writer(folder.resolve("b.bin"), "3");
        assertThat(names()).hasSize(6).noneMatch(name -> name.startsWith(".dead.bin"));
        cleaner.finish();
        living.finish();
        assertThat(folder.resolve("a.bin")).hasContent("2".repeat(2 * HALF));
        assertThat(folder.resolve("b.bin")).hasContent("3".repeat(2 * HALF));
        assertThat(names())
                .containsExactlyInAnyOrder(
                        "a.bin",
                        "b.bin",
                        strange.getFileName().toString(),
                        anotherLock.getFileName().toString());
    }

    @Test
    void oneThatIsTerminatedLeavesNothing() throws Exception {
        Writer writer = new Writer(folder.resolve("a.bin"), "1");
        // Process.destroy would close the standard input first, on which the writer finishes.
        assertThat(writer.process.toHandle().destroy()).isTrue();
        assertThat(writer.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(names()).isEmpty();
    }

    /** Cleaning opens lock files; one of this process must not be among them, since closing it would unlock it. */
    @Test
    void cleaningKeepsTheOwnLocks() throws Exception {
        try (AtomicFile file = AtomicFile.create(folder.resolve("a.bin"))) {
            file.writeAt(ByteBuffer.wrap(new byte[10]), 0);
            AtomicFile.removeLeftovers(folder);
            new Writer(folder.resolve("b.bin"), "1").finish(); // would remove the file of an unlocked name
            file.commit();
        }
        assertThat(folder.resolve("a.bin")).hasSize(10);
        assertThat(names()).containsExactlyInAnyOrder("a.bin", "b.bin");
    }

    private final class Writer {
        private final Process process;

        /** Returns when half is written. */
        Writer(Path target, String letter) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Main.class.getName(),
                            target.toString(),
                            letter)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            writers.add(this);
            BufferedReader out = process.inputReader(StandardCharsets.US_ASCII);
            assertThat(out.readLine()).isEqualTo("half");
        }

        void finish() throws Exception {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }

        /** SIGKILL. */
        void kill() throws Exception {
            process.destroyForcibly();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(path -> path.getFileName().toString()).toList();
        }
    }
}
