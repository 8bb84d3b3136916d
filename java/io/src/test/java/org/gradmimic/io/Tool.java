package org.gradmimic.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of the machine that judge what ours does: Python's library, GNU tar. A test is left out where they are missing. */
public final class Tool {
    private static final String PYTHON = System.getenv().getOrDefault("GRADMIMIC_PYTHON", "python3");

    private Tool() {}

    /** What a command prints, in UTF-8; nothing but its end may be wrong with it. */
    public static String run(Path folder, String... command) {
        try {
            Path errors = Files.createTempFile("tool", ".err");
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectError(errors.toFile())
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean ended = process.waitFor(60, TimeUnit.SECONDS);
            String said = Files.readString(errors);
            Files.delete(errors);
            if (!ended || process.exitValue() != 0) {
                throw new AssertionError(List.of(command) + ": " + output + said);
            }
            return output;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(List.of(command) + ": " + e, e);
        }
    }

    /** What a Python program prints; its arguments are files or words. */
    public static String python(Path folder, String program, Object... arguments) {
        List<String> command = new ArrayList<>(List.of(PYTHON, "-c", program));
        for (Object argument : arguments) command.add(argument.toString());
        return run(folder, command.toArray(String[]::new));
    }

    /** Whether there is a Python with these packages. */
    public static boolean hasPython(String... packages) {
        return works(PYTHON, "-c", "import " + String.join(", ", packages));
    }

    /** Whether there is GNU tar. */
    public static boolean hasGnuTar() {
        try {
            return run(Path.of("."), "tar", "--version").contains("GNU");
        } catch (AssertionError e) {
            return false;
        }
    }

    private static boolean works(String... command) {
        try {
            run(Path.of("."), command);
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }
}
