package org.gradmimic.cli.filter;

import org.gradmimic.cli.SettingOptions;
import org.gradmimic.select.FilterSettings;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;

/** Adds an option to {@code filter} for every setting of a filter of scores. */
final class RuleOptions implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
        SettingOptions.add(command, FilterSettings.GROUP);
        return command;
    }
}
