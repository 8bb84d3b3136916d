package org.gradmimic.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import org.gradmimic.kernel.NativeLibrary;
import org.jspecify.annotations.Nullable;

/**
 * Reports what an interruption by Ctrl-C leaves behind. The JVM itself exits with code 130; this adds a line that says
 * what was kept. The state is global to the process, as the signal is.
 */
public final class Interruption {
    private static volatile boolean ended;
    private static volatile @Nullable Supplier<String> kept;

    private Interruption() {}

    /**
     * Sets a description of what is complete and usable if the command is interrupted from now on.
     *
     * @param what called at the interruption, on another thread; returns for example "runs/probe: the score log up to
     *     epoch 3"
     */
    public static void kept(Supplier<String> what) {
        kept = what;
    }

    /** Reports an interruption on {@code err}, until {@link #end} is called. */
    static void watch(PrintWriter err) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (!ended) err.println(message());
            // A thread may be in LibTorch, whose static objects must then not be destroyed.
            NativeLibrary.skipExitHandlers();
        }));
    }

    /** Ends the watch: the command is finished, and an exit of the JVM is no longer an interruption. */
    static void end() {
        ended = true;
    }

    private static String message() {
        Supplier<String> what = kept;
        // The terminal has echoed ^C, or this line contains a progress bar.
        return System.lineSeparator() + "gradmimic: interrupted" + (what == null ? "" : "; kept: " + what.get());
    }
}
