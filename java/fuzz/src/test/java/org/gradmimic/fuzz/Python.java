package org.gradmimic.fuzz;

import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A Python process that reads one file after another by NumPy, torch or tarfile; see read.py. */
final class Python implements AutoCloseable {
    private static final String NAME = System.getenv().getOrDefault("GRADMIMIC_PYTHON", "python3");
    private static final Path PROGRAM = Path.of("src/test/resources/read.py");

    private final String kind;
    private @Nullable Process process;

    Python(String kind) {
        this.kind = kind;
    }

    /** Whether Python is there and has a package. */
    static boolean has(String name) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(NAME, "-c", "import " + name)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(120, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }

    /** What Python read from a file; null if it refused the file, or died of it. */
    @Nullable
    String read(byte[] file) throws IOException, InterruptedException {
        Process running = process;
        if (running == null) {
            running = new ProcessBuilder(NAME, PROGRAM.toString(), kind)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process = running;
        }
        DataOutputStream out = new DataOutputStream(running.getOutputStream());
        BufferedReader in = running.inputReader(StandardCharsets.US_ASCII);
        String answer;
        try {
            out.writeInt(file.length);
            out.write(file);
            out.flush();
            answer = in.readLine();
        } catch (IOException e) {
            answer = null;
        }
        if (answer == null) {
            close();
            return null;
        }
        return answer.startsWith("read ") ? answer.substring("read ".length()) : null;
    }

    @Override
    public void close() throws InterruptedException {
        Process running = process;
        process = null;
        if (running != null) running.destroyForcibly().waitFor();
    }
}
