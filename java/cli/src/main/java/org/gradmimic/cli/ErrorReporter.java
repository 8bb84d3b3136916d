package org.gradmimic.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.gradmimic.base.GradmimicException;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.LibraryLoadException;
import org.gradmimic.base.SettingException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.run.RunFolderException;
import org.gradmimic.kernel.CudaFailure;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns every failure of any command into {@code gradmimic COMMAND: message} on standard error and an exit code. The
 * stack trace is printed only with {@code --debug}.
 */
final class ErrorReporter implements IParameterExceptionHandler, IExecutionExceptionHandler {
    static final int UNEXPECTED = 1;
    static final int USER_ERROR = 2;

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(name(command) + ": " + e.getMessage());
        if (e instanceof UnmatchedArgumentException unmatched) {
            List<String> near = unmatched.getSuggestions();
            if (!near.isEmpty()) err.println("Did you mean " + String.join(" or ", near) + "?");
        }
        err.println("See " + name(command) + " --help.");
        return USER_ERROR;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        return report(e, command);
    }

    /** Prints the failure on the error stream of {@code command} and returns the exit code. */
    int report(Throwable thrown, CommandLine command) {
        Throwable e = thrown instanceof RuntimeException r ? CudaFailure.typed("LibTorch", r) : thrown;
        PrintWriter err = command.getErr();
        String explanation = explain(e);
        boolean debug = debug(command);
        if (explanation != null) {
            err.println(name(command) + ": " + explanation);
        } else {
            err.println(name(command) + ": unexpected failure: " + e + (debug ? "" : "; add --debug to see where"));
        }
        if (debug) e.printStackTrace(err);
        return explanation != null ? USER_ERROR : UNEXPECTED;
    }

    /** An explanation of a failure that the user can fix; null for an unexpected failure. */
    private static @Nullable String explain(Throwable e) {
        // These two are bugs of gradmimic, which no other option or file can fix.
        if (e instanceof InvalidStateException || e instanceof InternalException) return null;
        if (e instanceof LibraryLoadException)
            return e.getMessage() + "; run `gradmimic doctor` to see what is missing";
        if (e instanceof SettingException setting) return setting.message(SettingOptions::name);
        if (e instanceof RunFolderException folder) return folder.getMessage() + advice(folder);
        // ONNX Runtime is the only library that an input file may ask for.
        if (e instanceof InputException && e.getCause() instanceof LinkageError) {
            return e.getMessage() + ", with ./gradmimic build --onnx (54 MB)";
        }
        if (e instanceof GradmimicException) return e.getMessage();
        if (e instanceof UncheckedIOException unchecked) return explain(Objects.requireNonNull(unchecked.getCause()));
        if (e instanceof IOException io) return explain(io);
        if (e instanceof LinkageError) {
            return "a library cannot be loaded: " + e.getMessage() + "; gradmimic doctor explains it";
        }
        if (e instanceof InternalError && String.valueOf(e.getMessage()).contains("unsafe memory access")) {
            return "a file was truncated by another program while it was mapped; replace files by a rename";
        }
        if (e instanceof OutOfMemoryError) {
            return "out of memory: " + e.getMessage()
                    + "; GRADMIMIC_JAVA_OPTS=-Xmx8g, for example, gives Java more memory";
        }
        return null;
    }

    private static String advice(RunFolderException folder) {
        String overwrite = ", or delete it and start a new one with --overwrite";
        if (!folder.finished()) return "; continue it with --resume" + overwrite;
        String extend = folder.growing().stream()
                .map(name -> ", or extend it with --resume and a larger " + SettingOptions.name(name))
                .collect(Collectors.joining());
        return overwrite.replaceFirst(", or", ";") + extend;
    }

    // The messages of java.nio's exceptions are a bare path.
    private static String explain(IOException e) {
        String file = e instanceof FileSystemException failure ? failure.getFile() : null;
        return (file == null ? "" : file + ": ") + AtomicFile.reason(e);
    }

    /** The subcommand that a parsed command line names, or the root command. */
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
