package org.gradmimic.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.device.CudaSupport;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceChoice;
import org.gradmimic.kernel.NativeLibrary;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs stages and writes one JSON file for each; {@code bench/run.sh} starts it.
 *
 * <p>Exit code 0 whether targets are met or missed: the table says which, and a benchmark on a busy machine is no test.
 */
public final class Bench {
    private static final String USAGE =
            "usage: Bench [--quick] [--busy] [--thread-clock] [--out DIR] [STAGE ...]; the stages are "
                    + String.join(
                            ", ",
                            Arrays.stream(Stage.values()).map(Stage::label).toList())
                    + "\n       Bench --device DEVICE [--quick] [--out DIR] [--side PIXELS] [--batch B[,B...]] model-step";

    /**
     * What was asked for.
     *
     * @param device as {@code --device} names it; null for the tables of the CPU
     * @param side pixels of the images on a device
     * @param batches samples a batch on a device
     */
    record Options(
            PairedRunner.Settings settings,
            Path folder,
            List<Stage> stages,
            @Nullable DeviceChoice device,
            int side,
            List<Integer> batches) {
        static Options parse(String[] arguments) {
            PairedRunner.Settings settings = PairedRunner.Settings.FULL;
            Path folder = Path.of("bench", "results");
            List<Stage> stages = new ArrayList<>();
            DeviceChoice device = null;
            int side = 224;
            List<Integer> batches = List.of(32, 256);
            for (int i = 0; i < arguments.length; i++) {
                String argument = arguments[i];
                boolean valued = i + 1 < arguments.length;
                if (argument.equals("--quick")) {
                    settings = PairedRunner.Settings.QUICK.withClock(settings.clock());
                } else if (argument.equals("--busy")) {
                    settings = settings.withoutPatience();
                } else if (argument.equals("--thread-clock")) {
                    settings = settings.withClock(PairedRunner.Clock.THREAD);
                } else if (argument.equals("--out") && valued) {
                    folder = Path.of(arguments[++i]);
                } else if (argument.equals("--device") && valued) {
                    device = DeviceChoice.parse(arguments[++i]);
                } else if (argument.equals("--side") && valued) {
                    side = Integer.parseInt(arguments[++i]);
                } else if (argument.equals("--batch") && valued) {
                    batches = Stream.of(arguments[++i].split(","))
                            .map(Integer::valueOf)
                            .toList();
                } else {
                    stages.add(Arrays.stream(Stage.values())
                            .filter(stage -> stage.label().equals(argument))
                            .findFirst()
                            .orElseThrow(() -> new IllegalArgumentException("not known: " + argument)));
                }
            }
            if (stages.isEmpty()) stages.addAll(List.of(Stage.values()));
            if (device != null && !stages.equals(List.of(Stage.MODEL_STEP))) {
                throw new IllegalArgumentException("--device is for model-step alone");
            }
            return new Options(settings, folder, stages, device, side, batches);
        }
    }

    private Bench() {}

    /** @param arguments see {@link Bench} */
    public static void main(String[] arguments) throws IOException {
        CudaSupport.prepare();
        Options options;
        Device device;
        try {
            options = Options.parse(arguments);
            device = options.device() == null ? null : options.device().choose().device();
        } catch (IllegalArgumentException | GradmimicException e) {
            System.err.println(e.getMessage() + "\n" + USAGE);
            System.exit(2);
            return;
        }
        if (options.settings().clock() == PairedRunner.Clock.THREAD && NativeLibrary.cpuThreads() > 1) {
            System.err.println("--thread-clock is for one thread; set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1");
            System.exit(2);
        }
        Files.createDirectories(options.folder());
        Map<String, Object> machine = Environment.machine();
        Map<String, Object> software = Environment.software();
        for (Stage stage : options.stages()) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("stage", stage.label());
            String java = "java " + Bench.class.getName() + " " + String.join(" ", arguments);
            json.put("command", System.getProperty("gradmimic.bench.command", java)); // run.sh says its own
            json.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
            json.put("machine", machine);
            if (device != null) json.put("device", Environment.device(device));
            json.put("software", software);
            json.put("settings", options.settings());
            json.put("load_before", Environment.load());
            run(stage, options, device, json);
        }
    }

    /** Writes the file anew with every number, so that a run that is cut off keeps what it had. */
    private static void run(Stage stage, Options options, @Nullable Device device, Map<String, Object> json)
            throws IOException {
        Path file = options.folder().resolve(stage.label() + ".json");
        List<Map<String, Object>> results = new ArrayList<>();
        List<String> skipped = new ArrayList<>();
        json.put("results", results);
        System.out.println(stage.label());
        Consumer<Measurement> sink = measurement -> {
            System.out.println("  " + measurement.line());
            results.add(measurement.toJson());
            write(file, json);
        };
        if (device == null) {
            stage.run(options.settings(), sink);
        } else {
            json.put("skipped", skipped);
            new DeviceModelStage(options, device, sink, why -> {
                        System.out.println("  skipped: " + why);
                        skipped.add(why);
                        write(file, json);
                    })
                    .run();
        }
        json.put("load_after", Environment.load());
        write(file, json);
    }

    private static void write(Path file, Map<String, Object> json) {
        try {
            Path temporary = Files.createTempFile(
                    file.toAbsolutePath().getParent(), file.getFileName().toString(), ".tmp");
            String text = JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build()
                    .writeValueAsString(json);
            Files.writeString(temporary, text + "\n");
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
