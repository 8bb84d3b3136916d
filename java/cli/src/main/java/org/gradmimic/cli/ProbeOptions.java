package org.gradmimic.cli;

import java.nio.file.Path;
import org.gradmimic.train.ProbeInput;
import org.gradmimic.train.ProbeSettings;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Gives {@code probe} an option for every array and setting of a probe. */
final class ProbeOptions implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
        for (ProbeInput input : ProbeInput.values()) {
            command.addOption(OptionSpec.builder(SettingOptions.name(input.label()))
                    .type(Path.class)
                    .arity("1")
                    .required(!input.optional())
                    .paramLabel(input.parameter())
                    .description(input.description() + ".")
                    .build());
        }
        SettingOptions.add(command, ProbeSettings.GROUP);
        return command;
    }
}
