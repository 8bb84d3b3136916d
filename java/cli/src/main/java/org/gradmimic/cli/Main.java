package org.gradmimic.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import org.gradmimic.Weighting;
import org.gradmimic.cli.filter.Baseline;
import org.gradmimic.data.ImageFit;
import org.gradmimic.data.LabelNoise;
import org.gradmimic.data.Split;
import org.gradmimic.layer.ContrastiveScore;
import org.gradmimic.model.Models;
import org.gradmimic.select.datacomp.ClipModel;
import picocli.CommandLine;

/**
 * The entry point of {@code gradmimic}.
 *
 * <p>Exit codes: 0 success; 1 an unexpected failure, or a {@code doctor} that found a problem; 2 an error that the user
 * can fix; 130 interrupted.
 */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        // Charts are drawn into files; a display that DISPLAY names is not used.
        System.setProperty("java.awt.headless", "true");
        PrintWriter out = new PrintWriter(System.out, true, Charset.defaultCharset());
        PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
        Interruption.watch(err);
        int code = run(commandLine(args), out, err, args);
        Interruption.end();
        System.exit(code);
    }

    /**
     * The command for some arguments, before any stream is set; without arguments, with the options of all subcommands.
     */
    static CommandLine commandLine(String... args) {
        return GradmimicCommand.commandLine(args)
                .registerConverter(ImageFit.Filter.class, new Choice<>(ImageFit.Filter.values()))
                .registerConverter(Models.Kind.class, new Choice<>(Models.Kind.values()))
                .registerConverter(ContrastiveScore.class, new Choice<>(ContrastiveScore.values()))
                .registerConverter(Weighting.Kind.class, new Choice<>(Weighting.Kind.ofScores()))
                .registerConverter(Baseline.class, new Choice<>(Baseline.values()))
                .registerConverter(ClipModel.class, new Choice<>(ClipModel.values()))
                .registerConverter(
                        org.gradmimic.ReferenceCombination.Rule.class,
                        new Choice<>(new org.gradmimic.ReferenceCombination.Rule[] {
                            org.gradmimic.ReferenceCombination.Rule.MEAN, org.gradmimic.ReferenceCombination.Rule.MIN
                        }))
                .registerConverter(LabelNoise.Kind.class, new Choice<>(LabelNoise.Kind.values()))
                .registerConverter(Split.class, new Choice<>(Split.values()));
    }

    /** Runs one command line and returns its exit code; throws nothing. */
    static int run(CommandLine command, PrintWriter out, PrintWriter err, String... args) {
        ErrorReporter errors = new ErrorReporter();
        command.setOut(out).setErr(err).setParameterExceptionHandler(errors).setExecutionExceptionHandler(errors);
        try {
            return command.execute(args);
        } catch (Error e) {
            // picocli passes exceptions to the reporter, but not errors.
            return errors.report(e, ErrorReporter.innermost(command));
        } finally {
            out.flush();
            err.flush();
        }
    }
}
