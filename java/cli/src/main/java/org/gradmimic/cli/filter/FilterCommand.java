package org.gradmimic.cli.filter;

import org.gradmimic.cli.CommonOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is done with filters. */
@Command(
        name = "filter",
        description = "Combines, compares and judges filters, and applies them to data sets.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            CombineCommand.class,
            CompareCommand.class,
            QualityCommand.class,
            MembershipCommand.class,
            DataCompCommand.class,
            ReshardCommand.class
        })
public final class FilterCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "which command? One of " + String.join(", ", spec.subcommands().keySet()));
    }
}
