package org.gradmimic.io.run;

import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.run.Setting.OnResume;

/**
 * Everything that the result of a run depends on: the values of its settings and the content of its input files. Both
 * the check of a resumed run and {@code metrics.json} are made from it.
 */
public final class RunRecord {
    /** @param text the value as the check compares it */
    private record Entry(String text, Object json, OnResume onResume) {}

    private final String command;
    private final Map<String, Entry> settings = new LinkedHashMap<>();
    private final Map<String, Entry> inputs = new LinkedHashMap<>();
    private final Map<String, Path> files = new LinkedHashMap<>();
    private final Map<String, String> environment = new LinkedHashMap<>();

    /** @param command the command that runs, such as "probe"; only the same command can resume a run */
    public RunRecord(String command) {
        this.command = command;
        environment("java", String.valueOf(System.getProperty("java.runtime.version")));
        environment(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                        + System.getProperty("os.arch"));
        environment("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        environment(
                "started",
                OffsetDateTime.now(ZoneId.systemDefault())
                        .truncatedTo(ChronoUnit.SECONDS)
                        .toString());
    }

    /** Adds a fact about the program or the machine. It is recorded and may be another when the run is resumed. */
    public RunRecord environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    Map<String, String> environment() {
        return environment;
    }

    /** Adds the values of all settings of a group. */
    public RunRecord settings(SettingValues values) {
        values.group().settings().forEach(setting -> add(values, setting));
        return this;
    }

    private <V> void add(SettingValues values, Setting<V> setting) {
        V value = setting.isOptional() ? values.find(setting) : values.get(setting);
        if (value == null) return;
        put(settings, setting.name(), new Entry(setting.format(value), setting.json(value), setting.onResume()));
    }

    /** Adds a value that no setting declares, such as the device used. */
    public RunRecord value(String name, String value) {
        return put(settings, name, new Entry(value, value, OnResume.SAME));
    }

    /**
     * Adds an input file, which is identified by its content.
     *
     * @throws org.gradmimic.base.InputException if it cannot be read
     */
    public RunRecord input(String name, Path file) {
        String mark = FileMark.of(file);
        Map<String, String> json = new LinkedHashMap<>();
        files.put(name, file);
        json.put("file", file.toString());
        json.put("content", mark);
        return put(inputs, name, new Entry(mark, json, OnResume.SAME));
    }

    private RunRecord put(Map<String, Entry> entries, String name, Entry entry) {
        if (settings.containsKey(name) || inputs.containsKey(name)) {
            throw new InvalidArgumentException("the run has " + name + " twice");
        }
        entries.put(name, entry);
        return this;
    }

    String command() {
        return command;
    }

    /** The settings for {@code metrics.json}: names with underscores; numbers, booleans and texts. */
    public Map<String, Object> settings() {
        return json(settings);
    }

    /** The input files for {@code metrics.json}: names with underscores; the path and mark of each. */
    public Map<String, Object> inputs() {
        return json(inputs);
    }

    private static Map<String, Object> json(Map<String, Entry> entries) {
        Map<String, Object> json = new LinkedHashMap<>();
        entries.forEach((name, entry) -> json.put(name.replace('-', '_'), entry.json()));
        return json;
    }

    /** All names with their values in the form that the check compares. */
    Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        all().forEach((name, entry) -> texts.put(name, entry.text()));
        return texts;
    }

    private Map<String, Entry> all() {
        Map<String, Entry> all = new LinkedHashMap<>(settings);
        all.putAll(inputs);
        return all;
    }

    /** @throws SettingException if an input file lies in the folder whose content is about to be deleted */
    void requireOutside(Path folder) {
        Path doomed = folder.toAbsolutePath().normalize();
        files.forEach((name, file) -> {
            if (file.toAbsolutePath().normalize().startsWith(doomed)) {
                throw new SettingException(SettingText.named(name)
                        .text(" is " + file + ", which overwriting " + folder + " would delete"));
            }
        });
    }

    /** Settings that a resumed run may make larger. */
    List<String> growing() {
        List<String> names = new ArrayList<>();
        settings.forEach((name, entry) -> {
            if (entry.onResume() == OnResume.MAY_GROW) names.add(name);
        });
        return names;
    }

    /**
     * Compares this record with the values a run was started with.
     *
     * @return whether a setting that may grow has grown
     * @throws SettingException that names every setting and input that differs and must not change in a resumed run
     */
    boolean requireSame(Path folder, Map<String, String> before) {
        Map<String, Entry> now = all();
        boolean grown = false;
        SettingText message =
                SettingText.of("cannot resume the run in " + folder + ", which was started with other settings: ");
        boolean same = true;
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(now.keySet());
        for (String name : names) {
            Entry entry = now.get(name);
            String old = before.getOrDefault(name, "none");
            String given = entry == null ? "none" : entry.text();
            if (old.equals(given) || entry != null && entry.onResume() == OnResume.ANY) continue;
            boolean mayGrow = entry != null && entry.onResume() == OnResume.MAY_GROW;
            if (mayGrow && isLarger(given, old)) {
                grown = true;
                continue;
            }
            if (!same) message = message.text(", ");
            same = false;
            message = message.setting(name)
                    .text(" (" + old + ", now " + given + (mayGrow ? "; it may only grow" : "") + ")");
        }
        if (!same) throw new SettingException(message);
        return grown;
    }

    private static boolean isLarger(String now, String before) {
        try {
            return Long.parseLong(now) > Long.parseLong(before);
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
