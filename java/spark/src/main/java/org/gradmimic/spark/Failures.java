package org.gradmimic.spark;

import java.io.FileNotFoundException;
import org.gradmimic.select.InputException;
import org.jspecify.annotations.Nullable;

/** What a failure of the cluster says to the user: the error of the task that failed, not Spark's account of it. */
final class Failures {

    private Failures() {}

    /**
     * The error that a task threw, if it is one that the user can repair.
     *
     * @param failure what Spark threw on the driver
     * @return the innermost {@link InputException} among its causes, or null
     */
    static @Nullable InputException input(Throwable failure) {
        InputException found = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InputException input) {
                found = input;
            }
        }
        return found;
    }

    /** What went wrong in one line. */
    static String reason(Throwable e) {
        if (e instanceof FileNotFoundException) {
            return "no such file or no permission to read it";
        }
        String message = e.getMessage();
        return message == null || message.isBlank()
                ? e.getClass().getSimpleName()
                : message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
