package org.gradmimic.cli.data;

import org.gradmimic.cli.CommonOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Prepares data sets. */
@Command(
        name = "data",
        description = "Prepares data sets: divides them, corrupts labels, takes subsets. The data itself is only read.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        subcommands = {SplitCommand.class, NoiseCommand.class, SubsetCommand.class})
public final class DataCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    @SuppressWarnings("unused") // picocli reads it
    private CommonOptions common;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; expected one of "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
