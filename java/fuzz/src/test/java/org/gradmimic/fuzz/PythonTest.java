package org.gradmimic.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.gradmimic.base.GradmimicException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mutated files that gradmimic reads are read by NumPy, torch or Python's tarfile too: where both accept a file, they must
 * find the same. Settings are those of {@link FuzzTest}; {@code GRADMIMIC_PYTHON} names a Python that has the packages.
 */
class PythonTest {
    private static final Path REPORT = Path.of("target/fuzz");

    /** Most of the time goes to {@link FuzzTest}. */
    private static final int SHARE = 10;

    private static final int MAX_FAULTS = 20;

    @TempDir
    Path folder;

    private interface Description {
        String of(Path file) throws Exception;
    }

    /**
     * @param name of the format
     * @param module the Python module that reads it
     * @param file makes a whole file of a mutated part
     * @param description reads a file and describes it
     */
    private record Twin(String name, String module, UnaryOperator<byte[]> file, Description description) {
        Twin(String name, String module, Description description) {
            this(name, module, UnaryOperator.identity(), description);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Twin> twins() {
        List<String> only = List.of(System.getProperty("fuzz.format", "").split(","));
        return Stream.of(
                        new Twin("npy", "numpy", Descriptions::npy),
                        new Twin("npz", "numpy", Descriptions::npy),
                        new Twin("npy-scores", "numpy", Descriptions::scores),
                        new Twin("npy-uids", "numpy", Descriptions::uids),
                        new Twin("torch-zip", "torch", Descriptions::weights),
                        new Twin("pickle", "torch", PythonTest::archive, Descriptions::weights),
                        new Twin("tar", "tarfile", Descriptions::tar))
                .filter(twin -> only.contains("") || only.contains(twin.name()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("twins")
    void whatBothReadIsTheSame(Twin twin) throws Exception {
        assumeTrue(Python.has(twin.module()), "no python3 with " + twin.module() + " (see GRADMIMIC_PYTHON)");
        Map<String, Format> formats = FuzzTest.byName();
        Format format = formats.get(twin.name());
        try (Python python = new Python(twin.name())) {
            int read = 0;
            for (byte[] seed : format.seeds()) {
                byte[] file = twin.file().apply(seed);
                String there = python.read(file);
                if (there == null) continue; // torch refuses newer pickles
                assertThat(read(twin, format, file)).as("a seed").isEqualTo(there);
                read++;
            }
            assertThat(read).as("seeds that both read").isPositive();
            Comparison comparison = new Comparison(twin, format, python);
            comparison.run();
            comparison.report();
            assertThat(comparison.faults)
                    .as("files that are read differently lie in %s", REPORT.toAbsolutePath())
                    .isEmpty();
        }
    }

    private @Nullable String read(Twin twin, Format format, byte[] file) throws Exception {
        Path path = Files.write(folder.resolve(format.file()), file);
        try {
            return twin.description().of(path);
        } catch (GradmimicException e) {
            return null;
        }
    }

    private static byte[] archive(byte[] pickle) {
        try {
            return Seeds.archive(pickle);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private final class Comparison {
        private final Twin twin;
        private final Format format;
        private final Python python;
        private final List<String> faults = new ArrayList<>();
        private long cases;
        private long both;

        Comparison(Twin twin, Format format, Python python) {
            this.twin = twin;
            this.format = format;
            this.python = python;
        }

        void run() throws Exception {
            long seed = Long.getLong("fuzz.seed", 1);
            long first = Long.getLong("fuzz.case", 0);
            long most = Long.getLong("fuzz.mutations", Long.MAX_VALUE);
            long end = System.nanoTime()
                    + TimeUnit.SECONDS.toNanos(Long.getLong("fuzz.seconds", 60)) / SHARE / twins().count();
            for (; cases < most && System.nanoTime() < end && faults.size() < MAX_FAULTS; cases++) {
                byte[] file = twin.file().apply(Fuzzer.bytes(format, seed, first + cases));
                String here = read(twin, format, file);
                String there = here == null ? null : python.read(file);
                if (there == null) continue;
                both++;
                if (!there.equals(here)) keep(seed, first + cases, file, here, there);
            }
        }

        private void keep(long seed, long number, byte[] file, String here, String there) throws IOException {
            String name = twin + "-" + seed + "-" + number;
            Files.write(Files.createDirectories(REPORT.resolve("faults")).resolve(name), file);
            faults.add(name + "\n  here:   " + here + "\n  Python: " + there);
        }

        void report() throws IOException {
            Files.writeString(
                    Files.createDirectories(REPORT).resolve("python.md"),
                    String.format(Locale.ROOT, "| `%s` | %,d | %,d | %d |%n", twin, cases, both, faults.size()),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        }
    }
}
