package org.gradmimic.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Displays the progress of one task on standard error: a bar if that is a terminal, otherwise a line every few seconds,
 * and nothing with {@code --quiet}. Several threads may call {@link #step}.
 */
public final class Progress implements AutoCloseable {
    private static final int BAR_MILLIS = 200;
    private static final int LINE_MILLIS = 5_000;
    private static final int WIDTH = 100;

    private final @Nullable ProgressBar bar;
    private final AtomicBoolean begun;

    private Progress(@Nullable ProgressBar bar, AtomicBoolean begun) {
        this.bar = bar;
        this.begun = begun;
    }

    static Progress start(PrintWriter err, boolean quiet, String task, String unit, long total) {
        AtomicBoolean begun = new AtomicBoolean();
        if (quiet) return new Progress(null, begun);
        boolean terminal = isTerminal();
        return new Progress(
                new ProgressBarBuilder()
                        .setTaskName(task)
                        .setUnit(" " + unit, 1)
                        .setInitialMax(total)
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(terminal ? BAR_MILLIS : LINE_MILLIS)
                        .setMaxRenderedLength(WIDTH)
                        .setConsumer(
                                terminal
                                        ? new ConsoleProgressBarConsumer(System.err, WIDTH)
                                        : new DelegatingProgressBarConsumer(new Lines(err, begun), WIDTH))
                        .build(),
                begun);
    }

    // System.console() only refers to standard input and output.
    private static boolean isTerminal() {
        try {
            String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Reports that {@code n} more are finished. */
    public void step(long n) {
        begun.set(true);
        if (bar != null) bar.stepBy(n);
    }

    /** Sets a few words that are displayed after the numbers, such as "loss 0.41". */
    public void say(String words) {
        if (bar != null) bar.setExtraMessage(words);
    }

    @Override
    public void close() {
        if (bar != null) bar.close();
    }

    /**
     * Prints a line unless it equals the previous one, because the bar renders its last line twice. It prints nothing
     * before the first step, so that an immediate failure prints only its own message.
     */
    private static final class Lines implements Consumer<String> {
        private final PrintWriter err;
        private final AtomicBoolean begun;
        private String last = "";

        Lines(PrintWriter err, AtomicBoolean begun) {
            this.err = err;
            this.begun = begun;
        }

        @Override
        public synchronized void accept(String rendered) {
            String line = rendered.strip();
            if (begun.get() && !line.equals(last)) err.println(line);
            last = line;
        }
    }
}
