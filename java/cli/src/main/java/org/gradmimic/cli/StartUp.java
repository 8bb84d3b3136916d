package org.gradmimic.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.io.npy.NpyWriter;

/**
 * Runs some commands on small inputs. The launcher lets java list the classes that they load, and archives these, so that
 * commands start faster.
 */
final class StartUp {
    private static final int SAMPLES = 64;
    private static final int WIDTH = 8;
    private static final int CLASSES = 3;

    private final Path folder;
    private final Random random = new Random(1);

    private StartUp(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory("gradmimic");
        try {
            new StartUp(folder).run();
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) Files.delete(file);
            }
        }
        System.exit(0);
    }

    private void run() {
        write("features", SAMPLES, WIDTH);
        write("weight", CLASSES, WIDTH);
        write("reference", CLASSES, WIDTH);
        write("scores", 2, SAMPLES);
        NpyWriter.write(path("labels"), random.longs(SAMPLES, 0, CLASSES).toArray(), SAMPLES);
        command("--version");
        command("--help");
        command("filter --scores %s --binarize mixture --out %s", "scores", "keep");
        command(
                "score features --features %s --labels %s --weight %s --reference-weight %s --out %s",
                "features", "labels", "weight", "reference", "result");
        command(
                "probe --mode mimic --epochs 1 --features %s --labels %s --reference-weight %s --out %s",
                "features", "labels", "reference", "run");
        command("filter --scores %s --out %s", "run", "keep");
    }

    private void write(String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
        NpyWriter.write(path(name), values, rows, columns);
    }

    private Path path(String name) {
        return folder.resolve(name.equals("run") ? name : name + ".npy");
    }

    /** Runs a command, whose %s are files. Its output is nothing to anybody; a failure leaves classes out of the archive. */
    private void command(String form, String... files) {
        String[] arguments = form.split(" ");
        int next = 0;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("%s")) arguments[i] = path(files[next++]).toString();
        }
        PrintWriter nothing = new PrintWriter(Writer.nullWriter());
        Main.run(Main.commandLine(arguments), nothing, nothing, arguments);
    }
}
