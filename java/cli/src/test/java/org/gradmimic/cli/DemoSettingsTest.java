package org.gradmimic.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradmimic.demo.DemoSettings;
import org.gradmimic.demo.DemoSettings.Flips;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.Setting.OnResume;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every setting of a demo is an option, is checked, is in {@code metrics.json}, changes the result, and is compared when a
 * run is resumed.
 */
class DemoSettingsTest {
    private static final String DATA = "drawn:classes=3,train=60,test=20";

    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    /** A finished run with the values of {@link #value}. */
    private static Path finished;

    static Stream<Setting<?>> settings() {
        return DemoSettings.GROUP.settings().stream();
    }

    /** The value in the run that the others are compared with: the default, or one that takes less time. */
    private static Object value(Setting<?> setting) {
        if (setting == DemoSettings.DATA) return DATA;
        if (setting == DemoSettings.BACKBONE_EPOCHS || setting == DemoSettings.EPOCHS) return 1;
        if (setting == DemoSettings.FLIPS) return Flips.NO; // what auto becomes for drawn images
        Object value = setting.defaultValue();
        assertThat(value).as("the value of %s in this test", setting).isNotNull();
        return value;
    }

    /** A valid value other than {@link #value}. */
    private static Object other(Setting<?> setting) {
        if (setting == DemoSettings.DATA) return DATA.replace("60", "66");
        if (setting == DemoSettings.FLIPS) return Flips.YES;
        Object value = value(setting);
        if (value instanceof Double x) return x / 2;
        if (value instanceof Integer x) return x + 1;
        if (value instanceof Long x) return x + 1;
        throw new AssertionError("give the setting " + setting + " another value here");
    }

    /** Values that must be rejected. */
    private static List<String> invalid(Setting<?> setting) {
        if (setting == DemoSettings.DATA) return List.of("unknown:x", "drawn:classes=0");
        if (setting == DemoSettings.SEED) return List.of("first", "1.5");
        if (setting.type().isEnum()) return List.of("neither");
        if (setting.type() == Double.class) return List.of("much", "NaN", "Infinity", "0", "-1");
        if (setting.type() == Integer.class) return List.of("many", "1.5", "0", "-1", "4294967297");
        throw new AssertionError("give the setting " + setting + " invalid values here");
    }

    /** Runs a demo with the values of {@link #value}, except one. */
    private static Run demo(Path out, Setting<?> changed, Object value, String... more) {
        List<String> arguments = new ArrayList<>(List.of("demo", "--quiet", "--out", out.toString()));
        settings()
                .forEach(setting -> arguments.addAll(
                        List.of("--" + setting.name(), (setting == changed ? value : value(setting)).toString())));
        arguments.addAll(Arrays.asList(more));
        return Run.main(arguments.toArray(String[]::new));
    }

    private static Run demo(Path out, String... more) {
        return demo(out, DemoSettings.SEED, value(DemoSettings.SEED), more);
    }

    @BeforeAll
    static void run() {
        finished = shared.resolve("finished");
        Run run = demo(finished);
        assertThat(run.code()).as(run.err()).isZero();
    }

    @ParameterizedTest
    @MethodSource("settings")
    void aRunWithAChangedSettingIsNotResumed(Setting<?> setting) {
        demo(finished, setting, other(setting), "--resume")
                .assertRefused("demo", "--" + setting.name() + " (" + value(setting) + ", now " + other(setting) + ")");
    }

    /** The check compares values and not what was typed: with the same ones, only the end of the run is in the way. */
    @Test
    void theSameSettingsAreTheSameRun() {
        demo(finished, "--resume").assertRefused("demo", "it contains a finished run");
    }

    @ParameterizedTest
    @MethodSource("settings")
    void aChangedSettingIsInMetricsAndChangesTheResult(Setting<?> setting) throws IOException {
        Run run = demo(folder, setting, other(setting));
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode value = metrics(folder).get("settings").get(setting.key());
        assertThat(value).as(setting.name()).isNotNull();
        assertThat(setting.parse(value.asString())).isEqualTo(other(setting));
        assertThat(results(folder)).isNotEqualTo(results(finished));
    }

    /** Without this, every run would differ from every other, and the comparison of results would show nothing. */
    @Test
    void theSameSettingsGiveTheSameResult() throws IOException {
        assertThat(demo(folder).code()).isZero();
        assertThat(results(folder)).isEqualTo(results(finished));
    }

    private static JsonNode metrics(Path folder) throws IOException {
        return JsonMapper.builder().build().readTree(Files.readAllBytes(folder.resolve("metrics.json")));
    }

    /** The arrays that a demo writes, as hash codes of their content. */
    private static Map<String, Integer> results(Path folder) throws IOException {
        Map<String, Integer> results = new LinkedHashMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".npy") || name.endsWith(".safetensors"))
                    results.put(name, Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        assertThat(results).containsKeys("backbone.safetensors", "reference_weight.npy", "keep.npy");
        return results;
    }

    @ParameterizedTest
    @MethodSource("settings")
    void anInvalidValueIsRejected(Setting<?> setting) {
        Path out = folder.resolve("out");
        for (String value : invalid(setting)) {
            Run run = demo(out, setting, value);
            run.assertRefused("demo", value);
            // A data set is named as the run found it.
            if (setting != DemoSettings.DATA) assertThat(run.err()).contains("--" + setting.name());
            assertThat(out).doesNotExist();
        }
    }

    @Test
    void helpHasAllOfThem() {
        List<String> help = Run.main("demo", "--help").out().lines().toList();
        settings()
                .forEach(setting ->
                        assertThat(help).anyMatch(line -> line.strip().matches("--" + setting.name() + "([ =].*)?")));
    }

    @Test
    void noneMayGrow() {
        assertThat(settings()).isNotEmpty().allMatch(setting -> setting.onResume() == OnResume.SAME);
    }
}
