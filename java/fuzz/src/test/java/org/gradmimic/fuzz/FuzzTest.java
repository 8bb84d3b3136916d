package org.gradmimic.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every format for its share of the time. Settings are system properties: {@code fuzz.seconds} for all formats together,
 * {@code fuzz.mutations} the most for one format, {@code fuzz.seed}, {@code fuzz.format} for some alone, {@code fuzz.case}
 * for the first case.
 */
class FuzzTest {
    private static final Path REPORT = Path.of("target/fuzz");

    @TempDir
    Path folder;

    static List<Format> formats() throws Exception {
        List<String> only = Arrays.asList(System.getProperty("fuzz.format", "").split(","));
        List<Format> formats = Formats.all();
        return only.contains("")
                ? formats
                : formats.stream()
                        .filter(format -> only.contains(format.name()))
                        .toList();
    }

    static Map<String, Format> byName() throws IOException {
        return Formats.all().stream().collect(Collectors.toMap(Format::name, Function.identity()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("formats")
    void everyMutationIsReadOrRefused(Format format) throws Exception {
        long seed = Long.getLong("fuzz.seed", 1);
        long mutations = Long.getLong("fuzz.mutations", Long.MAX_VALUE);
        long nanos = TimeUnit.SECONDS.toNanos(Long.getLong("fuzz.seconds", 60))
                / formats().size();
        Fuzzer fuzzer = new Fuzzer(format, folder, REPORT.resolve("faults"));
        fuzzer.requireSeedsAreRead();
        Fuzzer.Result result = fuzzer.run(seed, Long.getLong("fuzz.case", 0), mutations, nanos);
        report(String.format(
                Locale.ROOT,
                "| `%s` | %,d | %,d | %,d | %d |%n",
                format,
                result.cases(),
                result.accepted(),
                result.refused(),
                result.faults().size()));
        assertThat(result.faults())
                .as("faults of %s with -Dfuzz.seed=%d; the files lie in %s", format, seed, REPORT.toAbsolutePath())
                .isEmpty();
        assertThat(result.cases()).isPositive();
        // No mutation may leave something behind that spoils the next reading.
        fuzzer.requireSeedsAreRead();
    }

    private static void report(String line) throws IOException {
        Files.writeString(
                Files.createDirectories(REPORT).resolve("counts.md"),
                line,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }
}
