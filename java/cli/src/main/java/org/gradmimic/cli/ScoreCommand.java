package org.gradmimic.cli;

import java.util.Map;
import java.util.Stack;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Scores samples. Each of the two kinds of samples has a command. */
@Command(
        name = "score",
        description = "Scores samples: how far the negative gradient of each points toward a reference.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        preprocessor = ScoreCommand.OldForm.class,
        footer = {
            "",
            "Deprecated: options without a command are read as those of score model if --model is among them, and as"
                    + " those of score features otherwise. A later version will remove this form."
        },
        subcommands = {ScoreFeaturesCommand.class, ScoreModelCommand.class})
final class ScoreCommand implements Runnable {
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

    /** Inserts the command's name before options that were given without one. */
    static final class OldForm implements IParameterPreprocessor {
        // picocli's interface takes a Stack.
        @Override
        @SuppressWarnings("JdkObsolete")
        public boolean preprocess(Stack<String> args, CommandSpec command, ArgSpec arg, Map<String, Object> info) {
            boolean options = !args.isEmpty() && args.peek().startsWith("-");
            if (options && !args.peek().equals("-h") && !args.peek().equals("--help")) {
                boolean model = args.stream().anyMatch(text -> text.equals("--model") || text.startsWith("--model="));
                args.push(model ? "model" : "features");
            }
            return false;
        }
    }
}
