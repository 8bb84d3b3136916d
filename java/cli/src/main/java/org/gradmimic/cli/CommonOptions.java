package org.gradmimic.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.gradmimic.CpuThreads;
import org.gradmimic.base.LibraryLoadException;
import org.gradmimic.io.ParquetFolder;
import org.gradmimic.kernel.LibraryCache;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The options of every subcommand, as a picocli mix-in. A command writes its result to {@link #out()}, and everything
 * else through {@link #note} and {@link #progress}.
 */
public final class CommonOptions {
    /** Threads for each processor, at most: more only wait for each other. */
    private static final int MOST_THREADS = 4;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private @Nullable Integer threads;

    @Option(names = "--debug", description = "On failure, show the stack trace.")
    @SuppressWarnings("unused") // picocli reads it
    private boolean debug;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show results and errors only.")
    private boolean quiet;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    @SuppressWarnings("unused") // picocli reads it
    private boolean help;

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: one per core).")
    private void threads(int n) {
        // The JVM counts what affinity and the cgroup leave to this process.
        int processors = Runtime.getRuntime().availableProcessors();
        if (n < 1 || n > MOST_THREADS * processors) {
            throw new ParameterException(
                    command.commandLine(),
                    "--threads is " + n + "; it must be between 1 and " + MOST_THREADS * processors + ", "
                            + MOST_THREADS + " for each processor that this process may use");
        }
        threads = n;
    }

    /** The stream for the result of the command. */
    public PrintWriter out() {
        return command.commandLine().getOut();
    }

    /** The number of threads for work without LibTorch: {@code --threads}, or one per core. */
    public int threads() {
        return threads != null ? threads : Runtime.getRuntime().availableProcessors();
    }

    /**
     * Applies {@code --threads} to LibTorch, its BLAS and the kernels. Without the option nothing is loaded or set.
     *
     * @throws LibraryLoadException if others can write to the folder that native libraries are loaded from
     */
    public void applyThreads() {
        LibraryCache.require();
        if (threads != null) CpuThreads.limit(threads);
    }

    /** Prints a message that is not part of the result, unless {@code --quiet} is given. */
    public void note(String message) {
        if (!quiet) command.commandLine().getErr().println(message);
    }

    /** Tells the user of files in a folder of Parquet files that are not read; nothing for anything else. */
    public void noteOtherFiles(Path folder) {
        String note = ParquetFolder.passedOver(folder).note("not .parquet");
        if (!note.isEmpty()) note(folder + ": " + note);
    }

    /**
     * Starts to display the progress of one task. The caller closes the returned object.
     *
     * @param task the current work, such as "epoch 3"
     * @param unit what {@code total} counts, such as "samples"
     * @param total the total number; negative if it is unknown
     */
    public Progress progress(String task, String unit, long total) {
        return Progress.start(command.commandLine().getErr(), quiet, task, unit, total);
    }
}
