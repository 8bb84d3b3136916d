package org.gradmimic.cli;

import java.io.PrintWriter;
import org.gradmimic.CpuThreads;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options every subcommand has, as a picocli mix-in, and what a command speaks through: {@link #out()} for its
 * result, {@link #note} and {@link #progress} for everything else.
 */
public final class CommonOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private @Nullable Integer threads;

    @Option(names = "--debug", description = "On failure, show the stack trace.")
    private boolean debug;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show results and errors only.")
    private boolean quiet;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: one per core).")
    private void threads(int n) {
        if (n < 1) throw new ParameterException(command.commandLine(), "--threads must be at least 1, but is " + n);
        threads = n;
    }

    /** Where the command's result goes. */
    public PrintWriter out() {
        return command.commandLine().getOut();
    }

    /** How many threads work that needs no LibTorch may use: {@code --threads}, or one per core. */
    public int threads() {
        return threads != null ? threads : Runtime.getRuntime().availableProcessors();
    }

    /** Brings {@code --threads} to LibTorch, its BLAS and the kernels. Without the option nothing is loaded or set. */
    public void applyThreads() {
        if (threads != null) CpuThreads.limit(threads);
    }

    /** Tells the user something that is no result, unless {@code --quiet}. */
    public void note(String message) {
        if (!quiet) command.commandLine().getErr().println(message);
    }

    /**
     * Starts to show the progress of one task; the caller closes it.
     *
     * @param task what is being done, such as "epoch 3"
     * @param unit what {@code total} counts, such as "samples"
     * @param total how many there are; negative if nobody knows
     */
    public Progress progress(String task, String unit, long total) {
        return Progress.start(command.commandLine().getErr(), quiet, task, unit, total);
    }
}
