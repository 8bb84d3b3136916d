package org.gradmimic.cli;

import org.gradmimic.data.Datasets;
import org.gradmimic.demo.DemoSettings;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;

/** Gives {@code demo} an option for every setting of a demo. */
final class DemoOptions implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
        SettingOptions.add(command, DemoSettings.GROUP);
        command.usageMessage().footer("", "SPEC is " + Datasets.SYNTAX + "; drawn: draws letters and digits.");
        return command;
    }
}
