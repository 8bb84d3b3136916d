package org.gradmimic.model;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The Python that GRADMIMIC_PYTHON names, or python3: where it has the packages, torch itself is the judge. */
final class Python {
    private static final String NAME = System.getenv().getOrDefault("GRADMIMIC_PYTHON", "python3");

    private Python() {}

    static boolean has(String... packages) {
        try {
            run("import " + String.join(", ", packages));
            return true;
        } catch (IOException | IllegalStateException e) {
            return false;
        }
    }

    /** What a program prints; its arguments are files. */
    static String run(String program, Path... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(NAME, "-c", program));
        for (Path argument : arguments) command.add(argument.toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(180, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return output;
    }
}
