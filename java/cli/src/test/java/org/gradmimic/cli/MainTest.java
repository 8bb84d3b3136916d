package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.LibraryLoadException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class MainTest {
    @Test
    void helpNamesEveryCommand() {
        Run run = Run.main("--help");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("Usage: gradmimic", "Commands:", "doctor");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void everyCommandHasHelp() {
        for (String name : Main.commandLine().getSubcommands().keySet()) {
            Run run = Run.main(name, "--help");
            assertThat(run.code()).as(name).isZero();
            assertThat(run.out()).contains("Usage: gradmimic " + name, "--threads", "--debug", "--quiet");
        }
    }

    @Test
    void versionIsTheBuilds() {
        Run run = Run.main("--version");
        assertThat(run.code()).isZero();
        assertThat(run.out()).matches("gradmimic \\d+\\.\\d+\\.\\d+\\S*\\R");
    }

    @Test
    void noCommandIsAnError() {
        Run run = Run.main();
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("gradmimic: a command is missing; expected one of ")
                .contains("score", "doctor");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void misspelledCommandAndOptionGetTheNearName() {
        Run command = Run.main("docter");
        assertThat(command.code()).isEqualTo(2);
        assertThat(command.err()).contains("docter", "Did you mean doctor");
        Run option = Run.main("doctor", "--thread", "2");
        assertThat(option.code()).isEqualTo(2);
        assertThat(option.err()).startsWith("gradmimic doctor: ").contains("--thread", "Did you mean --threads?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "two", "100000"})
    void threadsAreAFewForEachProcessor(String n) {
        Run run = Run.main("doctor", "--threads", n);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("gradmimic doctor: ").contains("--threads", n);
    }

    @Test
    void errorsOfTheUserAreOneLine() {
        assertUserError(new InputException("a.npy: no header"), "a.npy: no header");
        assertUserError(new InvalidArgumentException("gm_row_dot: u is null"), "gm_row_dot: u is null");
        assertUserError(new UncheckedIOException(new NoSuchFileException("b.npy")), "b.npy: no such file or folder");
        assertUserError(new AccessDeniedException("out"), "out: permission denied");
        assertUserError(
                new FileSystemException("out", null, "No space left on device"), "out: No space left on device");
        assertUserError(new IOException("the stream ended"), "the stream ended");
    }

    private static void assertUserError(Exception failure, String message) {
        Run run = failing(failure);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).isEqualTo("gradmimic fail: " + message + System.lineSeparator());
        assertThat(run.out()).isEmpty();
    }

    @Test
    void unexpectedFailureShowsItsTraceOnlyWhenAsked() {
        Run run = failing(new IllegalStateException("head is closed"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("unexpected failure", "head is closed", "--debug")
                .doesNotContain("\tat ");
        assertThat(failing(new InvalidStateException("head is closed")).code()).isEqualTo(1);
        assertThat(failing(new InternalException("a bin was not refined")).code())
                .isEqualTo(1);
        Run debug = failing(new IllegalStateException("head is closed"), "--debug");
        assertThat(debug.code()).isEqualTo(1);
        assertThat(debug.err()).contains("head is closed", "\tat " + MainTest.class.getName());
    }

    @Test
    void errorsOfTheVirtualMachineAreReportedToo() {
        Run link = failing(new UnsatisfiedLinkError("libgomp.so.1: cannot open shared object file"));
        assertThat(link.code()).isEqualTo(2);
        assertThat(link.err()).startsWith("gradmimic fail: ").contains("libgomp.so.1", "gradmimic doctor");
        Run load = failing(new LibraryLoadException("libgradmimic cannot be loaded: libgomp.so.1"));
        assertThat(load.code()).isEqualTo(2);
        assertThat(load.err()).contains("libgomp.so.1", "gradmimic doctor");
        Run memory = failing(new OutOfMemoryError("Java heap space"));
        assertThat(memory.code()).isEqualTo(2);
        assertThat(memory.err()).contains("out of memory: Java heap space", "GRADMIMIC_JAVA_OPTS");
    }

    @Test
    void quietSilencesNotesAndProgress() {
        CommandLine loud = Main.commandLine().addSubcommand(new Talk());
        Run run = Run.main(loud, "talk");
        assertThat(run.out()).isEqualTo("result" + System.lineSeparator());
        assertThat(run.err()).contains("note", "epoch 1", "8/8 samples");
        assertThat(run.err().lines().filter(line -> line.contains("100%"))).hasSize(1);
        CommandLine quiet = Main.commandLine().addSubcommand(new Talk());
        Run silent = Run.main(quiet, "talk", "--quiet");
        assertThat(silent.out()).isEqualTo("result" + System.lineSeparator());
        assertThat(silent.err()).isEmpty();
    }

    private static Run failing(Throwable failure, String... options) {
        String[] args = new String[options.length + 1];
        args[0] = "fail";
        System.arraycopy(options, 0, args, 1, options.length);
        return Run.main(Main.commandLine().addSubcommand(new Fail(failure)), args);
    }

    @Command(name = "fail")
    private static final class Fail implements Callable<Integer> {
        @Mixin
        private CommonOptions common;

        private final Throwable failure;

        Fail(Throwable failure) {
            this.failure = failure;
        }

        @Override
        public Integer call() throws Exception {
            if (failure instanceof Error) throw (Error) failure;
            throw (Exception) failure;
        }
    }

    @Command(name = "talk")
    private static final class Talk implements Runnable {
        @Mixin
        private CommonOptions common;

        @Override
        public void run() {
            common.note("note");
            try (Progress progress = common.progress("epoch 1", "samples", 8)) {
                progress.step(8);
            }
            common.out().println("result");
        }
    }

    /** A command line reads the options of its own command alone. Nobody can tell by what it prints. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--help",
                "--version",
                "--version --help",
                "prob",
                "probe",
                "probe --help",
                "probe --nope",
                "demo --epochs x",
                "score",
                "score --help",
                "score features --help",
                "score --model x",
                "filter",
                "filter --help",
                "filter combin",
                "filter combine --help",
                "embed --threads 0",
                "doctor extra",
                "--quiet probe"
            })
    void oneCommandReadsAsAllDo(String line) {
        String[] arguments = line.isEmpty() ? new String[0] : line.split(" ");
        assertThat(Run.main(Main.commandLine(arguments), arguments)).isEqualTo(Run.main(arguments));
    }
}
