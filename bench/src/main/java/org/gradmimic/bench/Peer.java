package org.gradmimic.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The same work by another tool, in a process of its own that makes a step whenever it is asked to: so its steps lie in the
 * same rounds as ours. The interpreter is the environment variable {@code GRADMIMIC_BENCH_PYTHON}, or python3.
 */
final class Peer implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final OutputStream requests;
    private final String version;

    private Peer(Process process, BufferedReader answers, String version) {
        this.process = process;
        this.answers = answers;
        this.version = version;
        requests = process.getOutputStream();
    }

    /** Starts {@code bench/peers/SCRIPT ARGUMENTS} in our own environment; null, with a line that says so, where it doesn't run. */
    static @Nullable Peer start(String script, String... arguments) {
        String python = System.getenv().getOrDefault("GRADMIMIC_BENCH_PYTHON", "python3");
        List<String> command = new ArrayList<>(
                List.of(python, Path.of("bench", "peers", script).toString()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            BufferedReader answers =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            String ready = answers.readLine();
            if (ready != null && ready.startsWith("ready ")) return new Peer(process, answers, ready.substring(6));
            process.destroy();
        } catch (IOException e) {
            // Said below.
        }
        System.err.println("  skipped: " + String.join(" ", command) + " (does that python have torch?)");
        return null;
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /** What it runs on, such as torch's version. */
    String version() {
        return version;
    }

    /** @param request what it shall do, as its script names it */
    void step(String request) {
        try {
            requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
            requests.flush();
            if (!"done".equals(answers.readLine())) throw new IllegalStateException("the peer has ended");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
