import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.gradmimic.select.score.ScoreLogWriter;

/**
 * How the cost of a filter on Spark grows with the number of samples and of executors. Started by bench/spark/run.sh, which
 * puts select on the class path.
 *
 * <p>Every run is a spark-submit of its own with executors in JVMs of their own, one core each, all on this machine: the
 * mixture rule and the label model over 5 epochs, from a Parquet score log to a mask. What is timed: the whole command, and
 * its stages, from the job's own lines.
 */
public final class FilterSpark {

    private static final int EPOCHS = 5;
    private static final String PREFIX = "gradmimic-spark: ";

    /** Samples and executors. */
    private record Run(int samples, int executors) {}

    private FilterSpark() {}

    /** @param arguments SPARK_HOME, the jar for spark-submit, the work folder, the result file, then SAMPLES:EXECUTORS ... */
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Path jar = Path.of(arguments[1]);
        Path work = Path.of(arguments[2]);
        List<Run> runs = Arrays.stream(arguments)
                .skip(4)
                .map(text -> text.split(":"))
                .map(pair -> new Run(Integer.parseInt(pair[0]), Integer.parseInt(pair[1])))
                .toList();
        List<String> results = new ArrayList<>();
        int made = 0;
        for (Run run : runs.stream().sorted(Comparator.comparingInt(Run::samples)).toList()) {
            Path log = work.resolve("scores");
            if (run.samples != made) {
                delete(log);
                writeLog(log, run.samples);
                made = run.samples;
            }
            String result = measure(home, jar, work, log, run);
            System.out.println(result);
            results.add("    " + result);
        }
        Files.writeString(
                Path.of(arguments[3]),
                """
                {
                  "stage" : "filter-spark",
                  "command" : "bench/spark/run.sh %s",
                  "date" : "%s",
                  "machine" : { "cpu" : "%s", "cores" : %d, "memory_kib" : "%s" },
                  "software" : { "revision" : "%s", "spark" : "%s", "jdk" : "%s" },
                  "settings" : { "epochs" : %d, "binarize" : "mixture", "aggregate" : "label-model", "executor_cores" : 1, \
                "executor_memory_mib" : 2048, "master" : "local-cluster" },
                  "results" : [
                %s
                  ]
                }
                """
                        .formatted(
                                Arrays.stream(arguments).skip(4).collect(Collectors.joining(" ")),
                                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                                field("/proc/cpuinfo", "model name"),
                                Runtime.getRuntime().availableProcessors(),
                                field("/proc/meminfo", "MemTotal").replaceAll("\\D", ""),
                                System.getenv().getOrDefault("REVISION", "unknown"),
                                sparkVersion(home),
                                System.getProperty("java.vm.version"),
                                EPOCHS,
                                String.join(",\n", results)));
    }

    /** Two kinds of samples, every one seen once an epoch, in random order. */
    private static void writeLog(Path log, int samples) {
        Random random = new Random(1);
        long[] ids = new long[1 << 16];
        float[] scores = new float[ids.length];
        float[] zeros = new float[ids.length];
        int[] order = new int[samples];
        Arrays.setAll(order, i -> i);
        try (ScoreLogWriter writer = ScoreLogWriter.create(log, ScoreLogWriter.DEFAULT_ROWS_PER_PART)) {
            for (int epoch = 0; epoch < EPOCHS; epoch++) {
                for (int i = samples - 1; i > 0; i--) {
                    int j = random.nextInt(i + 1);
                    int swapped = order[i];
                    order[i] = order[j];
                    order[j] = swapped;
                }
                for (int from = 0; from < samples; from += ids.length) {
                    int n = Math.min(ids.length, samples - from);
                    for (int i = 0; i < n; i++) {
                        ids[i] = order[from + i];
                        boolean good = ids[i] % 5 < 3;
                        scores[i] = (float) (random.nextGaussian() * (good ? 0.6 : 1) + (good ? 1 : -1));
                    }
                    writer.append(epoch, from, ids, scores, scores, zeros, n);
                }
            }
        }
    }

    private static String measure(Path home, Path jar, Path work, Path log, Run run) throws Exception {
        Path out = work.resolve("keep.npy");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> launcher = List.of(
                java, "-cp", home.resolve("jars") + "/*", "org.apache.spark.launcher.Main",
                "org.apache.spark.deploy.SparkSubmit",
                "--master", "local-cluster[" + run.executors + ",1,2048]",
                "--conf", "spark.executor.memory=2g",
                "--conf", "spark.ui.enabled=false",
                "--class", "org.gradmimic.spark.FilterJob", jar.toString(),
                "--scores", log.toString(), "--binarize", "mixture", "--aggregate", "label-model",
                "--out", out.toString());
        Process asking = new ProcessBuilder(launcher).start();
        String command = new String(asking.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        List<String> words = Arrays.stream(command.split("\0"))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList();
        long start = System.nanoTime();
        Process submitted = new ProcessBuilder(words)
                .redirectOutput(work.resolve("out.txt").toFile())
                .start();
        Map<String, Long> stages = new LinkedHashMap<>();
        StringBuilder errors = new StringBuilder();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(submitted.getErrorStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                errors.append(line).append('\n');
                if (line.startsWith(PREFIX)) {
                    stages.put(line.substring(PREFIX.length()).split(" ")[0], System.nanoTime());
                }
            }
        }
        if (submitted.waitFor() != 0) throw new IOException("spark-submit failed:\n" + errors);
        long end = System.nanoTime();
        long job = stages.get("looking");
        return String.format(
                Locale.ROOT,
                "{ \"samples\" : %d, \"rows\" : %d, \"log_bytes\" : %d, \"executors\" : %d, \"seconds\" : %.2f,"
                        + " \"seconds_until_the_job_begins\" : %.2f, \"seconds_of_the_job\" : %.2f,"
                        + " \"seconds_to_read_shuffle_and_decide_epochs\" : %.2f,"
                        + " \"seconds_of_the_label_model\" : %.2f, \"seconds_to_write\" : %.2f,"
                        + " \"result\" : \"%s\" }",
                run.samples,
                (long) run.samples * EPOCHS,
                bytes(log),
                run.executors,
                seconds(start, end),
                seconds(start, job),
                seconds(job, end),
                seconds(stages.get("reading"), stages.get("fitting")),
                seconds(stages.get("fitting"), stages.get("writing")),
                seconds(stages.get("writing"), end),
                lastLine(work.resolve("out.txt")));
    }

    private static double seconds(long from, long to) {
        return (to - from) / 1e9;
    }

    private static String lastLine(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.get(lines.size() - 1);
    }

    private static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) Files.delete(file);
        }
        Files.delete(folder);
    }

    private static String field(String file, String name) throws IOException {
        return Files.readAllLines(Path.of(file)).stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static String sparkVersion(Path home) throws IOException {
        try (Stream<Path> jars = Files.list(home.resolve("jars"))) {
            return jars.map(jar -> jar.getFileName().toString())
                    .filter(name -> name.startsWith("spark-sql_"))
                    .map(name -> name.replaceAll("spark-sql_[0-9.]+-|\\.jar", ""))
                    .findFirst()
                    .orElse("unknown");
        }
    }
}
