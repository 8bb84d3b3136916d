package org.gradmimic.report.html;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a run was started, as .run.json and metrics.json have it.
 *
 * @param name of the command, or "run" where it is not known
 * @param line for a shell; null where it is not known
 * @param inputs the input files by name
 * @param environment versions, machine and time
 */
record RunCommand(String name, @Nullable String line, Map<String, Object> inputs, Map<String, Object> environment) {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,+@%-]+");

    /** What runs record beside their options: train's check that the images are the same. */
    private static final Set<String> NO_OPTIONS = Set.of("samples");

    static RunCommand of(RunFiles files, Map<String, Object> metrics) {
        Map<String, Object> run = files.json(".run.json");
        Map<String, Object> inputs = new LinkedHashMap<>();
        Values.map(metrics.get("inputs")).forEach((name, input) -> {
            Object file = input instanceof String ? input : Values.map(input).get("file");
            if (file != null) inputs.put(name, file);
        });
        Map<String, Object> environment = new LinkedHashMap<>(Values.scalars(run.get("environment")));
        environment.putAll(Values.scalars(metrics.get("environment")));
        Object command = run.getOrDefault("command", metrics.get("command"));
        if (!(command instanceof String name)) return new RunCommand("run", null, inputs, environment);
        StringBuilder line = new StringBuilder("gradmimic ").append(name);
        Values.map(run.get("settings")).forEach((setting, value) -> {
            Object file = inputs.get(setting.replace('-', '_'));
            String text = file == null ? value.toString() : file.toString();
            if (text.equals("false") || NO_OPTIONS.contains(setting)) return;
            if (name.equals("audit") && setting.equals("data")) {
                line.append(' ').append(quoted(text));
                return;
            }
            line.append(" --").append(setting);
            if (!text.equals("true")) line.append(' ').append(quoted(text));
        });
        line.append(" --out ").append(quoted(files.folder().toString()));
        return new RunCommand(name, run.isEmpty() ? null : line.toString(), inputs, environment);
    }

    private static String quoted(String text) {
        return PLAIN.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
