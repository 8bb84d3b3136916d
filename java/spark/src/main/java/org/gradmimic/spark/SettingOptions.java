package org.gradmimic.spark;

import java.util.stream.Collectors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** A job's options for settings that are declared elsewhere. */
public final class SettingOptions {
    private SettingOptions() {}

    /** The option of a setting. This is the only place where names of settings become names of options. */
    public static String name(String setting) {
        return "--" + setting;
    }

    /** Adds an option for every setting of a group. */
    public static void add(CommandSpec command, SettingGroup group) {
        for (Setting<?> setting : group.settings()) {
            command.addOption(option(setting));
        }
    }

    private static <V> OptionSpec option(Setting<V> setting) {
        boolean flag = setting.type() == Boolean.class;
        OptionSpec.Builder option = OptionSpec.builder(name(setting.name()))
                .type(flag ? boolean.class : setting.type())
                .description(description(setting));
        return flag
                ? option.arity("0").build()
                : option.arity("1")
                        .paramLabel(setting.parameter())
                        .converters(text -> parse(setting, text))
                        .build();
    }

    private static <V> V parse(Setting<V> setting, String text) {
        try {
            return setting.parse(text);
        } catch (InvalidArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static <V> String description(Setting<V> setting) {
        String choices = setting.type().isEnum()
                ? ": " + setting.choices().stream().map(V::toString).collect(Collectors.joining(", "))
                : "";
        V value = setting.type() == Boolean.class ? null : setting.defaultValue();
        String text = setting.description() + choices + (value == null ? "" : " (default: " + value + ")") + ".";
        return text.replace("%", "%%"); // picocli interprets % itself
    }

    /**
     * The values given on the command line.
     *
     * @throws org.gradmimic.base.SettingException if one is not valid
     */
    public static SettingValues values(CommandSpec command, SettingGroup group) {
        SettingValues values = SettingValues.of(group);
        for (Setting<?> setting : group.settings()) {
            values = with(values, setting, command);
        }
        return values;
    }

    private static <V> SettingValues with(SettingValues values, Setting<V> setting, CommandSpec command) {
        OptionSpec option = command.findOption(name(setting.name()));
        boolean given = command.commandLine().getParseResult().hasMatchedOption(option);
        return given ? values.with(setting, setting.type().cast(option.getValue())) : values;
    }
}
