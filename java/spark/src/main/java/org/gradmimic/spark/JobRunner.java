package org.gradmimic.spark;

import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.concurrent.Callable;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SettingException;
import picocli.CommandLine;

/**
 * Runs the applications for spark-submit. Exit codes: 0 success; 1 an unexpected failure; 2 an error that the user can
 * repair, which is one line on standard error.
 */
public final class JobRunner {
    private static final int UNEXPECTED = 1;
    private static final int USER_ERROR = 2;

    private JobRunner() {}

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(stream, true, Charset.defaultCharset());
    }

    /**
     * Runs a job. It ends the JVM only on failure, because a cluster manager treats an early exit as a failure.
     *
     * @param job a command of picocli with an option {@code --debug}
     */
    public static void main(Callable<Integer> job, String[] args) {
        int code = run(job, writer(System.out), writer(System.err), args);
        if (code != 0) {
            System.exit(code);
        }
    }

    /** Runs one command line of a job and returns its exit code; throws nothing. */
    public static int run(Callable<Integer> job, PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(job)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((e, line) -> {
                    err.println("gradmimic-spark: " + e.getMessage() + " (--help explains)");
                    return USER_ERROR;
                })
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    boolean input = e instanceof InputException || e instanceof SettingException;
                    err.println("gradmimic-spark: " + message(e));
                    if (parsed.hasMatchedOption("--debug")) {
                        e.printStackTrace(err);
                    }
                    return input ? USER_ERROR : UNEXPECTED;
                })
                .execute(args);
    }

    private static String message(Exception e) {
        if (e instanceof SettingException setting) {
            return setting.message(SettingOptions::name);
        }
        return (e instanceof InputException ? "" : "unexpected failure: ") + Failures.reason(e);
    }
}
