package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.Setting.OnResume;
import org.gradmimic.train.ProbeInput;
import org.gradmimic.train.ProbeSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every setting and array of a probe is an option, is in {@code metrics.json}, and is looked at when a run is resumed. */
class ProbeSettingsTest {
    private static final int N = 12;
    private static final int D = 4;
    private static final int C = 3;
    private static final int EPOCHS = 3;
    private static final int STEPS = 3;

    @TempDir
    Path folder;

    static Stream<Setting<?>> settings() {
        return ProbeSettings.GROUP.settings().stream();
    }

    static Stream<ProbeInput> inputs() {
        return Stream.of(ProbeInput.values());
    }

    /** A run that has every array, so that any mode can be asked for. */
    private Problem problem() {
        return problem(folder, 1);
    }

    /** @param seed decides the content of the arrays */
    private static Problem problem(Path folder, long seed) {
        Problem problem = new Problem(folder, seed, N, D, C).probe("mimic").with("quiet", "");
        Random random = new Random(seed);
        for (ProbeInput input : ProbeInput.values()) {
            long[] shape = shape(input);
            int size = (int)
                    Stream.of(shape).flatMapToLong(java.util.Arrays::stream).reduce(1, (a, b) -> a * b);
            double[] values = input.floating()
                    ? Problem.floats(random, size)
                    : random.ints(size, 0, C).asDoubleStream().toArray();
            if (input == ProbeInput.LABELS) values[0] = C - 1;
            problem.with(input.label(), problem.write(input + ".npy", input.floating() ? "<f4" : "<i8", values, shape));
        }
        return problem.with("epochs", EPOCHS).with("batch-size", N / STEPS).with("starting-epoch", 1);
    }

    private static long[] shape(ProbeInput input) {
        return switch (input) {
            case FEATURES -> new long[] {N, D};
            case LABELS, TRUE_LABELS -> new long[] {N};
            case REFERENCE_WEIGHT, INITIAL_WEIGHT -> new long[] {C, D};
            case REFERENCE_BIAS, INITIAL_BIAS -> new long[] {C};
            case TEST_FEATURES, CLEAN_FEATURES -> new long[] {5, D};
            case TEST_LABELS, CLEAN_LABELS -> new long[] {5};
            case ORDER -> new long[] {EPOCHS + 1, N};
            case AGRA_COMPARISON -> new long[] {EPOCHS + 1, N, N / STEPS};
        };
    }

    /** A valid value other than the problem's. */
    private static Object other(Setting<?> setting) {
        if (setting == ProbeSettings.EPOCHS) return EPOCHS - 1;
        if (setting == ProbeSettings.BATCH_SIZE) return N / STEPS + 1;
        if (setting == ProbeSettings.STARTING_EPOCH) return 0;
        Object value = setting == ProbeSettings.MODE ? org.gradmimic.train.Mode.MIMIC : setting.defaultValue();
        if (!setting.choices().isEmpty()) {
            return setting.choices().stream()
                    .filter(choice -> !choice.equals(value))
                    .findFirst()
                    .orElseThrow();
        }
        if (value instanceof Double x) return x + 0.25;
        if (value instanceof Integer x) return x + 1;
        if (value instanceof Long x) return x + 1;
        throw new AssertionError("give the setting " + setting + " another value here");
    }

    private static Problem changed(Problem problem, Setting<?> setting) {
        return problem.with(setting.name(), setting.type() == Boolean.class ? "" : other(setting));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void aChangedSettingIsNotResumed(Setting<?> setting) {
        Problem problem = problem();
        assertThat(problem.run("probe").err()).isEmpty();
        changed(problem, setting).with("resume", "").run("probe").assertRefused("probe", "--" + setting.name() + " (");
    }

    @ParameterizedTest
    @MethodSource("inputs")
    void aChangedArrayIsNotResumed(ProbeInput input) throws IOException {
        Problem problem = problem();
        assertThat(problem.run("probe").err()).isEmpty();
        Problem others = problem(Files.createDirectory(folder.resolve("other")), 2);
        problem.with(input.label(), others.folder.resolve(input + ".npy")).with("resume", "");
        problem.run("probe").assertRefused("probe", "--" + input.label() + " (");
    }

    @ParameterizedTest
    @MethodSource("settings")
    void theValueIsInMetrics(Setting<?> setting) throws IOException {
        Problem problem = problem();
        // One that is not for every mode is said to be ignored, and is a setting of the run all the same.
        Run run = changed(problem, setting).run("probe");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode value = metrics(problem).get("settings").get(setting.key());
        assertThat(value).as(setting.name()).isNotNull();
        assertThat(setting.parse(value.asString())).isEqualTo(other(setting));
    }

    @Test
    void theArraysAreInMetrics() throws IOException {
        Problem problem = problem();
        assertThat(problem.run("probe").code()).isZero();
        JsonNode inputs = metrics(problem).get("inputs");
        for (ProbeInput input : ProbeInput.values()) {
            JsonNode file = inputs.get(input.label().replace('-', '_'));
            assertThat(file).as(input.label()).isNotNull();
            assertThat(file.get("file").asString()).endsWith(input + ".npy");
            assertThat(file.get("content").asString()).contains("bytes, checksum");
        }
        assertThat(metrics(problem).at("/settings/device").asString()).isEqualTo("cpu");
    }

    private static JsonNode metrics(Problem problem) throws IOException {
        return JsonMapper.builder()
                .build()
                .readTree(Files.readAllBytes(problem.out().resolve("metrics.json")));
    }

    @Test
    void helpHasAllOfThem() {
        List<String> help = Run.main("probe", "--help").out().lines().toList();
        settings().forEach(setting -> assertThat(help).anyMatch(line -> isOption(line, setting.name())));
        inputs().forEach(input -> assertThat(help).anyMatch(line -> isOption(line, input.label())));
        assertThat(String.join("\n", help)).contains("(default: 1.0E-4)", "sgd, mimic, grand, agra");
    }

    private static boolean isOption(String line, String name) {
        return line.strip().matches("--" + name + "([ =].*)?");
    }

    @Test
    void onlyEpochsMayGrow() {
        assertThat(settings().filter(setting -> setting.onResume() == OnResume.MAY_GROW))
                .containsExactly(ProbeSettings.EPOCHS);
    }
}
