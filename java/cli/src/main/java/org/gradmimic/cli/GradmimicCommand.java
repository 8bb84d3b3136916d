package org.gradmimic.cli;

import org.gradmimic.cli.data.DataCommand;
import org.gradmimic.cli.doctor.DoctorCommand;
import org.gradmimic.cli.filter.FilterCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root command: help, version and the list of subcommands. */
@Command(
        name = "gradmimic",
        mixinStandardHelpOptions = true,
        versionProvider = BuildInfo.class,
        description = "Scores every training sample by how far its gradient moves the model toward a reference model,"
                + " and trains with weights computed from these scores.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "gradmimic COMMAND --help lists the options of a command.",
            "In a clone, ./gradmimic build and ./gradmimic test build and test it."
        },
        subcommands = {
            DemoCommand.class,
            AuditCommand.class,
            ScoreCommand.class,
            ProbeCommand.class,
            TrainCommand.class,
            EmbedCommand.class,
            FilterCommand.class,
            DataCommand.class,
            ReportCommand.class,
            DoctorCommand.class
        })
final class GradmimicCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; expected one of "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
