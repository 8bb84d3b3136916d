package org.gradmimic.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A small problem on disk, and a command line over it whose options can be swapped one by one. */
final class Problem {
    final Path folder;
    final int samples;
    final int width;
    final int classes;
    final double[] features;
    final double[] labels;
    final double[] weight;
    final double[] bias;
    final double[] reference;
    private final Map<String, String> options = new LinkedHashMap<>();

    Problem(Path folder, long seed, int samples, int width, int classes) {
        this.folder = folder;
        this.samples = samples;
        this.width = width;
        this.classes = classes;
        Random random = new Random(seed);
        // As float32, so that files of either width hold the same numbers.
        features = floats(random, samples * width);
        weight = floats(random, classes * width);
        reference = floats(random, classes * width);
        bias = floats(random, classes);
        labels = random.ints(samples, 0, classes).asDoubleStream().toArray();
    }

    static double[] floats(Random random, int n) {
        return random.doubles(n).map(x -> (float) (4 * x - 2)).toArray();
    }

    /** The options of {@code score features}. */
    Problem score() {
        with("features", write("features.npy", "<f4", features, samples, width));
        with("labels", write("labels.npy", "<i8", labels, samples));
        with("weight", write("weight.npy", "<f4", weight, classes, width));
        with("bias", write("bias.npy", "<f4", bias, classes));
        with("reference-weight", write("reference.npy", "<f4", reference, classes, width));
        return with("out", folder.resolve("out.npy"));
    }

    /** The options of {@code probe}. */
    Problem probe(String mode) {
        score();
        without("weight").without("bias");
        with("mode", mode).with("epochs", 2).with("batch-size", 4);
        return with("out", folder.resolve("run"));
    }

    Path write(String name, String type, double[] values, long... shape) {
        return Npys.write(folder.resolve(name), type, values, shape);
    }

    Problem with(String option, Object value) {
        options.put(option, value.toString());
        return this;
    }

    Problem without(String option) {
        options.remove(option);
        return this;
    }

    Path out() {
        return Path.of(options.get("out"));
    }

    String[] arguments(String command) {
        List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
        options.forEach((option, value) -> {
            arguments.add("--" + option);
            if (!value.isEmpty()) arguments.add(value);
        });
        return arguments.toArray(String[]::new);
    }

    Run run(String command) {
        return Run.main(arguments(command));
    }
}
