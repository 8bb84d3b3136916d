package org.gradmimic.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradmimic.Calibration;
import org.jspecify.annotations.Nullable;

/**
 * The most memory a model's training takes, in a process of its own: what the resident size reaches at most over what it was
 * before there was a model. Every tensor of some size is given back to the system when it is freed, and the Java heap
 * is touched beforehand. Linux only.
 */
final class PeakMemory {
    private static final int STEPS = 4;
    private static final String PLAIN = "PLAIN";

    private PeakMemory() {}

    /**
     * Bytes.
     *
     * @param mimic null for plain training
     */
    static long of(ModelSteps.Kind kind, ModelSteps.@Nullable Mimic mimic, Calibration calibration) {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms256m",
                "-Xmx256m",
                "-XX:+AlwaysPreTouch",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0", // otherwise four times the heap
                "-cp",
                System.getProperty("java.class.path"),
                PeakMemory.class.getName(),
                kind.name(),
                mimic == null ? PLAIN : mimic.name(),
                calibration.name());
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().put("MALLOC_MMAP_THRESHOLD_", "65536");
            builder.environment().put("MALLOC_TRIM_THRESHOLD_", "65536");
            Process process = builder.start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) throw new IllegalStateException("the process that measures memory failed");
            return Long.parseLong(text.strip());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while measuring", e);
        }
    }

    /** @param arguments a kind, a mimic layer or PLAIN, a calibration */
    public static void main(String[] arguments) throws IOException {
        ModelSteps.Kind kind = ModelSteps.Kind.valueOf(arguments[0]);
        ModelSteps.Mimic mimic = arguments[1].equals(PLAIN) ? null : ModelSteps.Mimic.valueOf(arguments[1]);
        Calibration calibration = Calibration.valueOf(arguments[2]);
        train(kind, mimic, calibration); // code and libraries' own memory come first
        System.gc();
        long before = status("VmRSS");
        Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak begins anew
        train(kind, mimic, calibration);
        System.out.println(status("VmHWM") - before);
    }

    private static void train(ModelSteps.Kind kind, ModelSteps.@Nullable Mimic mimic, Calibration calibration) {
        try (ModelSteps steps = new ModelSteps(ModelSteps.Setup.cpu(kind))) {
            if (mimic == null) {
                for (int i = 0; i < STEPS; i++) steps.plain();
                return;
            }
            try (ModelSteps.Mimicking mimicking = steps.new Mimicking(mimic, calibration)) {
                for (int i = 0; i < STEPS; i++) mimicking.step();
            }
        }
    }

    private static long status(String name) throws IOException {
        Matcher matcher =
                Pattern.compile(name + ":\\s*(\\d+) kB").matcher(Files.readString(Path.of("/proc/self/status")));
        if (!matcher.find()) throw new IllegalStateException("/proc/self/status has no " + name);
        return 1024 * Long.parseLong(matcher.group(1));
    }
}
