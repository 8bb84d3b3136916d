package org.gradmimic.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Progress of one task on standard error: a bar where that is a terminal, else a line every few seconds, and nothing
 * under {@code --quiet}. Safe to step from several threads.
 */
public final class Progress implements AutoCloseable {
    private static final int BAR_MILLIS = 200;
    private static final int LINE_MILLIS = 5_000;
    private static final int WIDTH = 100;

    private final @Nullable ProgressBar bar;

    private Progress(@Nullable ProgressBar bar) {
        this.bar = bar;
    }

    static Progress start(PrintWriter err, boolean quiet, String task, String unit, long total) {
        if (quiet) return new Progress(null);
        boolean terminal = isTerminal();
        return new Progress(new ProgressBarBuilder()
                .setTaskName(task)
                .setUnit(" " + unit, 1)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(terminal ? BAR_MILLIS : LINE_MILLIS)
                .setMaxRenderedLength(WIDTH)
                .setConsumer(
                        terminal
                                ? new ConsoleProgressBarConsumer(System.err, WIDTH)
                                : new DelegatingProgressBarConsumer(new Lines(err), WIDTH))
                .build());
    }

    // System.console() speaks of standard input and output only.
    private static boolean isTerminal() {
        try {
            String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** {@code n} more are done. */
    public void step(long n) {
        if (bar != null) bar.stepBy(n);
    }

    /** A few words shown after the numbers, such as "loss 0.41". */
    public void say(String words) {
        if (bar != null) bar.setExtraMessage(words);
    }

    @Override
    public void close() {
        if (bar != null) bar.close();
    }

    /** Prints a line unless it is the one before, which the bar renders twice at its end. */
    private static final class Lines implements Consumer<String> {
        private final PrintWriter err;
        private String last = "";

        Lines(PrintWriter err) {
            this.err = err;
        }

        @Override
        public synchronized void accept(String rendered) {
            String line = rendered.strip();
            if (!line.equals(last)) err.println(line);
            last = line;
        }
    }
}
