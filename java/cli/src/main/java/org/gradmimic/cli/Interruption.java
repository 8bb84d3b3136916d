package org.gradmimic.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What Ctrl-C leaves behind. The JVM ends with exit code 130 by itself; this adds a line that says what was kept. State
 * of the process, as the signal is.
 */
public final class Interruption {
    private static volatile boolean ended;
    private static volatile @Nullable Supplier<String> kept;

    private Interruption() {}

    /**
     * Names what is whole and usable if the command is interrupted from now on.
     *
     * @param what asked at the interruption, on another thread: "runs/probe: the score log up to epoch 3"
     */
    public static void kept(Supplier<String> what) {
        kept = what;
    }

    /** Makes an interruption say so on {@code err}, until {@link #end}. */
    static void watch(PrintWriter err) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (!ended) err.println(message());
        }));
    }

    /** The command is done; whatever ends the JVM now is no interruption. */
    static void end() {
        ended = true;
    }

    private static String message() {
        Supplier<String> what = kept;
        // The terminal has echoed ^C, or a progress bar stands in this line.
        return System.lineSeparator() + "gradmimic: interrupted" + (what == null ? "" : "; kept: " + what.get());
    }
}
