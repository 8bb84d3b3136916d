package org.gradmimic.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.kernel.NativeLibrary;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs stages and writes one JSON file for each; {@code bench/run.sh} starts it.
 *
 * <p>Exit code 0 whether targets are met or missed: the table says which, and a benchmark on a busy machine is no test.
 */
public final class Bench {
    private static final String USAGE =
            "usage: Bench [--quick] [--thread-clock] [--out DIR] [STAGE ...]; the stages are "
                    + String.join(
                            ", ",
                            Arrays.stream(Stage.values()).map(Stage::label).toList());

    private Bench() {}

    /** @param arguments see {@link Bench} */
    public static void main(String[] arguments) throws IOException {
        PairedRunner.Settings settings = PairedRunner.Settings.FULL;
        Path folder = Path.of("bench", "results");
        List<Stage> stages = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (argument.equals("--quick")) {
                settings = PairedRunner.Settings.QUICK.withClock(settings.clock());
            } else if (argument.equals("--thread-clock")) {
                settings = settings.withClock(PairedRunner.Clock.THREAD);
            } else if (argument.equals("--out") && i + 1 < arguments.length) {
                folder = Path.of(arguments[++i]);
            } else {
                stages.addAll(Arrays.stream(Stage.values())
                        .filter(stage -> stage.label().equals(argument))
                        .toList());
                if (stages.isEmpty() || !stages.get(stages.size() - 1).label().equals(argument)) {
                    System.err.println("not known: " + argument + "\n" + USAGE);
                    System.exit(2);
                }
            }
        }
        if (stages.isEmpty()) stages.addAll(List.of(Stage.values()));
        if (settings.clock() == PairedRunner.Clock.THREAD && NativeLibrary.cpuThreads() > 1) {
            System.err.println("--thread-clock is for one thread; set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1");
            System.exit(2);
        }
        Files.createDirectories(folder);
        Map<String, Object> machine = Environment.machine();
        Map<String, Object> software = Environment.software();
        for (Stage stage : stages) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("stage", stage.label());
            json.put("command", "bench/run.sh " + String.join(" ", arguments));
            json.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
            json.put("machine", machine);
            json.put("software", software);
            json.put("settings", settings);
            json.put("load_before", Environment.load());
            List<Map<String, Object>> results = new ArrayList<>();
            System.out.println(stage.label());
            stage.run(settings, measurement -> {
                System.out.println("  " + measurement.line());
                results.add(measurement.toJson());
            });
            json.put("load_after", Environment.load());
            json.put("results", results);
            write(folder.resolve(stage.label() + ".json"), json);
        }
    }

    private static void write(Path file, Map<String, Object> json) throws IOException {
        Path temporary = Files.createTempFile(
                file.toAbsolutePath().getParent(), file.getFileName().toString(), ".tmp");
        try {
            String text = JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build()
                    .writeValueAsString(json);
            Files.writeString(temporary, text + "\n");
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
