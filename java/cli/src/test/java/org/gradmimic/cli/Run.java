package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/**
 * What one run of a command left: its exit code and both streams. The run is in this process, or one of its own where
 * the whole process is what is tested.
 */
public record Run(int code, String out, String err) {
    private static final int SECONDS = 60;

    /** Insists on an input error of this command: one line that contains these parts, nothing on standard output. */
    void assertRefused(String command, String... parts) {
        assertThat(err.lines().filter(line -> !line.startsWith("See gradmimic " + command + " --help")))
                .as("one line: %s", err)
                .hasSize(1);
        assertThat(err).startsWith("gradmimic " + command + ": ").contains(parts);
        assertThat(code).isEqualTo(2);
        assertThat(out).isEmpty();
    }

    /** Runs gradmimic in this process. */
    public static Run main(String... args) {
        return main(Main.commandLine(), args);
    }

    static Run main(CommandLine command, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(command, new PrintWriter(out), new PrintWriter(err), args);
        return new Run(code, out.toString(), err.toString());
    }

    /** Runs a process to its end. */
    public static Run process(ProcessBuilder builder) throws IOException, InterruptedException {
        Path out = Files.createTempFile("out", ".txt");
        Path err = Files.createTempFile("err", ".txt");
        try {
            Process process = builder.redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            try {
                assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS))
                        .as("%s ends within %d s", builder.command(), SECONDS)
                        .isTrue();
            } finally {
                process.destroyForcibly();
            }
            return new Run(
                    process.exitValue(),
                    Files.readString(out, StandardCharsets.UTF_8),
                    Files.readString(err, StandardCharsets.UTF_8));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    /**
     * A JVM as {@link #java} makes it, which SIGINT reaches even if this process ignores it, as a background job of a
     * shell does. A child inherits that otherwise.
     */
    public static ProcessBuilder interruptible(String... arguments) {
        ProcessBuilder builder = java(arguments);
        builder.command().addAll(0, List.of("env", "--default-signal=INT"));
        return builder;
    }

    /** A JVM on this one's class path; {@code arguments} are its options, the main class and its arguments. */
    public static ProcessBuilder java(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }
}
