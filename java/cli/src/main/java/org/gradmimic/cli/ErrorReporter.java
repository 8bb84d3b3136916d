package org.gradmimic.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.LibraryLoadException;
import org.gradmimic.base.SettingException;
import org.gradmimic.kernel.CudaFailure;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns every failure into {@code gradmimic COMMAND: message} on standard error and an exit code, for all commands in
 * one place. A stack trace is shown under {@code --debug} only.
 */
final class ErrorReporter implements IParameterExceptionHandler, IExecutionExceptionHandler {
    static final int UNEXPECTED = 1;
    static final int USER_ERROR = 2;

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(name(command) + ": " + e.getMessage());
        if (e instanceof UnmatchedArgumentException) {
            List<String> near = ((UnmatchedArgumentException) e).getSuggestions();
            if (!near.isEmpty()) err.println("Did you mean " + String.join(" or ", near) + "?");
        }
        err.println("See " + name(command) + " --help.");
        return USER_ERROR;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        return report(e, command);
    }

    /** Says on {@code command}'s error stream what went wrong and returns the exit code. */
    int report(Throwable thrown, CommandLine command) {
        Throwable e = thrown instanceof RuntimeException r ? CudaFailure.typed("LibTorch", r) : thrown;
        PrintWriter err = command.getErr();
        String explanation = explain(e);
        boolean debug = debug(command);
        if (explanation != null) {
            err.println(name(command) + ": " + explanation);
        } else {
            err.println(name(command) + ": unexpected failure: " + e
                    + (debug ? "" : "; the same command with --debug shows where"));
        }
        if (debug) e.printStackTrace(err);
        return explanation != null ? USER_ERROR : UNEXPECTED;
    }

    /** What a person can do something about, in words; null for a failure that nobody foresaw. */
    private static @Nullable String explain(Throwable e) {
        // These two are faults of gradmimic, which no other option or file repairs.
        if (e instanceof InvalidStateException || e instanceof InternalException) return null;
        if (e instanceof LibraryLoadException) return e.getMessage() + "; run `gradmimic doctor` for what is missing";
        if (e instanceof SettingException setting) return setting.message(SettingOptions::name);
        if (e instanceof GradmimicException) return e.getMessage();
        if (e instanceof UncheckedIOException) return explain((IOException) e.getCause());
        if (e instanceof IOException) return explain((IOException) e);
        if (e instanceof LinkageError) {
            return "a library cannot be loaded: " + e.getMessage() + "; gradmimic doctor explains it";
        }
        if (e instanceof OutOfMemoryError) {
            return "out of memory: " + e.getMessage()
                    + "; GRADMIMIC_JAVA_OPTS=-Xmx8g, for example, gives Java more of it";
        }
        return null;
    }

    // The messages of java.nio's exceptions are a bare path.
    private static String explain(IOException e) {
        if (!(e instanceof FileSystemException)) return e.getMessage() != null ? e.getMessage() : e.toString();
        String file = ((FileSystemException) e).getFile();
        String reason = ((FileSystemException) e).getReason();
        if (e instanceof NoSuchFileException) reason = "no such file or folder";
        else if (e instanceof AccessDeniedException) reason = "permission denied";
        else if (e instanceof FileAlreadyExistsException) reason = "exists already";
        else if (e instanceof NotDirectoryException) reason = "not a folder";
        return file + ": " + (reason != null ? reason : e.toString());
    }

    /** The subcommand that a parsed command line named, or the root. */
    static CommandLine innermost(CommandLine root) {
        CommandLine command = root;
        while (command.getParseResult() != null && command.getParseResult().hasSubcommand()) {
            command = command.getParseResult().subcommand().commandSpec().commandLine();
        }
        return command;
    }

    private static boolean debug(CommandLine command) {
        ParseResult parsed = command.getParseResult();
        return parsed != null && parsed.hasMatchedOption("--debug");
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName();
    }
}
