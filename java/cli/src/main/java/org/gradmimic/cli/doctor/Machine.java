package org.gradmimic.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/** Java, the operating system, processor and memory. */
final class Machine {
    private static final String PLATFORM = "linux-x86_64";
    /** With less memory, LibTorch, a batch of images and the JVM hardly fit together. */
    private static final long SCARCE = 2L << 30;

    private Machine() {}

    static Finding java() {
        return Finding.ok(
                "Java",
                Runtime.version() + ", " + System.getProperty("java.vm.name") + ", " + System.getProperty("java.home"));
    }

    static Finding system() throws IOException {
        String name = after(Path.of("/etc/os-release"), "PRETTY_NAME=")
                .map(text -> text.replace("\"", "") + ", ")
                .orElse("");
        String text = name + System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + Loader.getPlatform();
        return Loader.getPlatform().equals(PLATFORM)
                ? Finding.ok("System", text)
                : Finding.problem("System", text, "gradmimic is built for " + PLATFORM + " only");
    }

    static Finding processor() throws IOException {
        String model = after(Path.of("/proc/cpuinfo"), "model name")
                .map(text -> text.substring(text.indexOf(':') + 1).strip())
                .orElse("unknown model");
        return Finding.ok("Processor", model + ", " + Runtime.getRuntime().availableProcessors() + " cores");
    }

    static Finding memory() throws IOException {
        Path meminfo = Path.of("/proc/meminfo");
        long total = kib(meminfo, "MemTotal:");
        long available = kib(meminfo, "MemAvailable:");
        String text = gib(total) + ", " + gib(available) + " available; Java's heap takes "
                + gib(Runtime.getRuntime().maxMemory()) + " at most";
        return available >= SCARCE
                ? Finding.ok("Memory", text)
                : Finding.warning("Memory", text, "end other programs, or use small batches");
    }

    private static long kib(Path file, String key) throws IOException {
        return after(file, key)
                .map(text -> Long.parseLong(text.replace("kB", "").strip()) << 10)
                .orElse(0L);
    }

    /** The text after {@code key} in the first line of {@code file} that starts with it. */
    static Optional<String> after(Path file, String key) throws IOException {
        if (!Files.exists(file)) return Optional.empty();
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(key))
                    .findFirst()
                    .map(line -> line.substring(key.length()).strip());
        }
    }

    static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }
}
