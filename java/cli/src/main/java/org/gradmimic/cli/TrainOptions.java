package org.gradmimic.cli;

import org.gradmimic.trainer.TrainSettings;
import org.gradmimic.trainer.TrainSources;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;

/** Gives {@code train} an option for every setting of a training. */
final class TrainOptions implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
        SettingOptions.add(command, TrainSources.GROUP);
        SettingOptions.add(command, TrainSettings.GROUP);
        return command;
    }
}
