package org.gradmimic.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import org.apache.hadoop.fs.FSError;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.jspecify.annotations.Nullable;

/**
 * Translates a failure of the cluster for the user: the error of the task that failed, instead of Spark's report of it.
 */
public final class Failures {

    private Failures() {}

    /**
     * The error that a task threw, if the user can repair it.
     *
     * @param failure the exception that Spark threw on the driver
     * @return the innermost {@link InputException} among its causes, or null
     */
    public static @Nullable InputException input(Throwable failure) {
        InputException found = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof InputException input) {
                found = input;
            }
        }
        return found;
    }

    /** {@return the innermost {@link IOException} among a failure's causes, or null} */
    static @Nullable IOException io(Throwable failure) {
        IOException found = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException io) {
                found = io;
            }
        }
        return found;
    }

    /**
     * The exception that the user sees: the error of the task or call that failed, or Spark's own exception if the
     * failure is unexpected.
     */
    public static RuntimeException translated(Exception failure) {
        InputException input = input(failure);
        if (input != null) {
            return input == failure ? input : new InputException(input.getMessage(), failure);
        }
        return failure instanceof RuntimeException unforeseen
                ? unforeseen
                : new InternalException(failure.toString(), failure);
    }

    /** The reason of a failure in one line. */
    public static String reason(Throwable e) {
        if (e instanceof FileNotFoundException) {
            return "no such file or no permission to read it";
        }
        // The message of a wrapped IOException of a local disk begins with the name of its class.
        String message =
                e instanceof FSError && e.getCause() != null ? e.getCause().getMessage() : e.getMessage();
        return message == null || message.isBlank()
                ? e.getClass().getSimpleName()
                : message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
