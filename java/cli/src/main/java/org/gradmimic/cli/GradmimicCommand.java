package org.gradmimic.cli;

import java.util.List;
import org.gradmimic.cli.data.DataCommand;
import org.gradmimic.cli.doctor.DoctorCommand;
import org.gradmimic.cli.filter.FilterCommand;
import picocli.CommandLine;
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
        })
final class GradmimicCommand implements Runnable {
    /** The subcommands, in the order of help. They are not in the annotation, so that a run reads the options of its own alone. */
    private static final List<Class<?>> COMMANDS = List.of(
            DemoCommand.class,
            AuditCommand.class,
            ScoreCommand.class,
            ProbeCommand.class,
            TrainCommand.class,
            EmbedCommand.class,
            FilterCommand.class,
            DataCommand.class,
            ReportCommand.class,
            DoctorCommand.class);

    @Spec
    private CommandSpec spec;

    /**
     * The command line. If the arguments begin with a subcommand, the others are there by name alone, because reading the
     * options of all of them takes longer than a small run.
     */
    static CommandLine commandLine(String... arguments) {
        CommandLine root = new CommandLine(new GradmimicCommand());
        List<String> names = COMMANDS.stream().map(GradmimicCommand::name).toList();
        String first = arguments.length == 0 ? "" : arguments[0];
        boolean one = names.contains(first) || arguments.length == 1 && first.equals("--version");
        for (Class<?> command : COMMANDS) {
            String name = name(command);
            boolean whole = !one || name.equals(first);
            root.addSubcommand(
                    name,
                    whole ? new CommandLine(command) : CommandSpec.create().name(name));
        }
        return root;
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; expected one of "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
