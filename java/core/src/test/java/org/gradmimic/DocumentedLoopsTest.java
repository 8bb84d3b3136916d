package org.gradmimic;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The loops of the documentation run at constant memory. The figures in docs/layers.md are what this test prints. */
class DocumentedLoopsTest {
    /** Until then classes are loaded and LibTorch's and malloc's caches fill. */
    private static final int WARM_UP = 1_000;

    private static final int STEPS = 3_000;

    /**
     * Growth that is no leak: code that the JVM compiles late, and malloc's fragments; up to 0.6 MB were measured. A step's smallest tensor
     * of activations has 12 KiB, and one of those a step would be 36 MB. The number of native objects must not grow at all.
     */
    private static final long ALLOWED_BYTES = 2L << 20;

    @ParameterizedTest
    @EnumSource(DocumentedLoops.Loop.class)
    void threeThousandStepsHoldMemoryConstant(DocumentedLoops.Loop loop) throws Exception {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/statm")), "resident size is read from /proc");
        // The heap is small and resident from the start, so that it neither grows nor hides what grows beside it. The
        // second
        // compiler of the JVM would take 20 MB, at times of its own choice.
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms64m",
                        "-Xmx64m",
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dorg.bytedeco.javacpp.cachedir="
                                + System.getProperty("org.bytedeco.javacpp.cachedir", defaultCache()),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        DocumentedLoops.class.getName(),
                        loop.name(),
                        String.valueOf(WARM_UP),
                        String.valueOf(STEPS)))
                .redirectErrorStream(true);
        // Memory does not depend on it, and small steps by several threads take long beside busy neighbours.
        builder.environment().put("OMP_NUM_THREADS", "1");
        Process child = builder.start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor()).as(output).isZero();
        List<String> lines =
                output.lines().filter(line -> line.matches("\\d+ \\d+")).toList();
        assertThat(lines).as(output).hasSize(2);
        long[] before = numbers(lines.get(0));
        long[] after = numbers(lines.get(1));
        System.out.printf(
                "%s: resident %.1f MB after %d steps, %.1f MB after %d more; %d and %d native objects%n",
                loop, before[0] / 1e6, WARM_UP, after[0] / 1e6, STEPS, before[1], after[1]);
        assertThat(after[0] - before[0])
                .as("growth of the resident size, in bytes")
                .isLessThan(ALLOWED_BYTES);
        assertThat(after[1]).as("native objects").isLessThanOrEqualTo(before[1]);
    }

    private static String defaultCache() {
        return Path.of(System.getProperty("user.home"), ".javacpp", "cache").toString();
    }

    private static long[] numbers(String line) {
        String[] two = line.split(" ");
        return new long[] {Long.parseLong(two[0]), Long.parseLong(two[1])};
    }
}
