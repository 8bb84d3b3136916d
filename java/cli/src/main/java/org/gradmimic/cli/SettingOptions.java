package org.gradmimic.cli;

import java.util.List;
import java.util.stream.Collectors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.run.Setting;
import org.gradmimic.io.run.SettingGroup;
import org.gradmimic.io.run.SettingValues;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** Creates options from the declarations of settings, and values of settings from parsed options. */
public final class SettingOptions {
    private SettingOptions() {}

    /** The option of a setting or an input file. This is the only place where their names become names of options. */
    public static String name(String setting) {
        return "--" + setting;
    }

    /** A message in which the names of settings are replaced by those of options. */
    public static String message(SettingText text) {
        return text.with(SettingOptions::name);
    }

    /** Adds an option for every setting of a group, in order. */
    public static void add(CommandSpec command, SettingGroup group) {
        for (Setting<?> setting : group.settings()) command.addOption(option(setting));
    }

    private static <V> OptionSpec option(Setting<V> setting) {
        boolean flag = setting.type() == Boolean.class;
        OptionSpec.Builder option = OptionSpec.builder(name(setting.name()))
                .type(flag ? boolean.class : setting.type())
                .description(description(setting));
        if (flag) return option.arity("0").build();
        return option.arity("1")
                .paramLabel(setting.parameter())
                .required(setting.defaultValue() == null && !setting.isOptional())
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
        V value = setting.defaultValue();
        String shown =
                value == null || setting.type() == Boolean.class ? "" : " (default: " + setting.format(value) + ")";
        // picocli interprets % and $ itself.
        return (setting.description() + choices + shown + ".").replace("%", "%%");
    }

    /**
     * The values given on the command line.
     *
     * @throws org.gradmimic.base.SettingException if one is not valid
     */
    public static SettingValues values(CommandSpec command, SettingGroup group) {
        SettingValues values = SettingValues.of(group);
        for (Setting<?> setting : group.settings()) values = with(values, setting, command);
        return values;
    }

    private static <V> SettingValues with(SettingValues values, Setting<V> setting, CommandSpec command) {
        OptionSpec option = command.findOption(name(setting.name()));
        boolean given = command.commandLine().getParseResult().hasMatchedOption(option);
        return given ? values.with(setting, setting.type().cast(option.getValue())) : values;
    }

    /** Prints remarks on options that were given but are not used. */
    static void note(CommonOptions common, List<SettingText> remarks) {
        remarks.forEach(remark -> common.note("note: " + message(remark)));
    }
}
