package org.gradmimic.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipFile;
import org.gradmimic.select.FilterSpec;
import org.gradmimic.select.Selector;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Filter;
import org.gradmimic.select.filter.FilterFile;
import org.gradmimic.select.score.ScoreColumn;
import org.gradmimic.select.score.ScoreLog;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.vote.Binarizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar for spark-submit, given to Spark's own submitter. */
class FilterJobIT {

    private static final Path JAR =
            Path.of("target", "gradmimic-spark-submit.jar").toAbsolutePath();

    @TempDir
    Path temporary;

    @BeforeAll
    static void link() {
        SparkHome.link();
    }

    @Test
    void theJarHasWhatSparkLacksAndNoMore() throws Exception {
        try (ZipFile jar = new ZipFile(JAR.toFile())) {
            assertThat(jar.stream().map(entry -> entry.getName()).filter(name -> name.endsWith(".class")))
                    .isNotEmpty()
                    .allMatch(name -> name.startsWith("org/gradmimic/") || name.startsWith("picocli/"));
        }
    }

    @Test
    void severalExecutorsMakeTheFilterThatOneMachineMakes() throws Exception {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(3), 3, 3000, 3);
        Path out = temporary.resolve("keep.npy");
        Path probabilities = temporary.resolve("p.npy");
        Submitted submitted = submit(
                "local-cluster[2,1,1024]",
                "--scores",
                log.toString(),
                "--binarize",
                "mixture",
                "--aggregate",
                "label-model",
                "--out",
                out.toString(),
                "--probabilities",
                probabilities.toString());
        assertThat(submitted.code).as(submitted.err).isZero();
        Path expectedProbabilities = temporary.resolve("expected.npy");
        Filter expected = new Selector(
                        Scores.of(ScoreLog.open(log).matrix(ScoreColumn.SCORE)),
                        FilterSpec.of(Binarizer.mixture(), VoteAggregation.LABEL_MODEL))
                .probabilities(expectedProbabilities)
                .run()
                .filter();
        assertThat(FilterFile.read(out)).isEqualTo(expected);
        assertThat(probabilities).hasSameBinaryContentAs(expectedProbabilities);
        assertThat(submitted.out)
                .contains("epoch 2: ", "label model: balance 0.", "kept " + expected.kept() + " of 3000 (0.");
        assertThat(submitted.err).contains("gradmimic-spark: writing " + out);
    }

    @Test
    void aDamagedLogIsOneLineAndCodeTwo() throws Exception {
        Path log = RandomLog.write(temporary.resolve("scores"), new Random(4), 1, 500, 3);
        Path part = log.resolve("part-000000.parquet");
        byte[] whole = Files.readAllBytes(part);
        Files.write(part, Arrays.copyOf(whole, whole.length / 2));
        Path out = temporary.resolve("keep.npy");
        Submitted submitted = submit(
                "local[1]", "--scores", log.toString(), "--binarize", "k-means", "--quiet", "--out", out.toString());
        assertThat(submitted.code).isEqualTo(2);
        assertThat(submitted.out).isEmpty();
        assertThat(submitted.err.lines().filter(line -> line.startsWith("gradmimic-spark: ")))
                .singleElement()
                .asString()
                .contains(part.toString(), "is truncated");
        assertThat(out).doesNotExist();
    }

    private record Submitted(int code, String out, String err) {}

    /** As bin/spark-submit does it: a first JVM says how to start the second. */
    private Submitted submit(String master, String... job) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> launcher = new ArrayList<>(List.of(
                java,
                "-cp",
                SparkHome.FOLDER.resolve("jars") + "/*",
                "org.apache.spark.launcher.Main",
                "org.apache.spark.deploy.SparkSubmit",
                "--master",
                master,
                "--conf",
                "spark.ui.enabled=false",
                "--conf",
                "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1",
                "--conf",
                "spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1",
                "--class",
                FilterJob.class.getName(),
                JAR.toString()));
        launcher.addAll(List.of(job));
        Submitted how = process(launcher);
        assertThat(how.code).as(how.err).isZero();
        // An empty word and a line's end, then the words, each ended by a zero.
        return process(Arrays.stream(how.out.split("\0"))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList());
    }

    private Submitted process(List<String> command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(temporary, "out", ".txt");
        Path err = Files.createTempFile(temporary, "err", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ends").isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return new Submitted(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }
}
