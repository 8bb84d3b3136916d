package org.gradmimic.cli.doctor;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.gradmimic.base.GradmimicException;

/** Explains the messages of the dynamic linker. */
final class LoadFailure {
    private static final Pattern MISSING_LIBRARY =
            Pattern.compile("(lib[^\\s:/]+\\.so[.\\d]*): cannot open shared object file");
    private static final Pattern MISSING_SYMBOL_VERSION = Pattern.compile("version `(GLIBC(?:XX)?_[\\d.]+)' not found");

    private LoadFailure() {}

    static Finding explain(String item, Throwable e) {
        String message = rootMessage(e);
        return Finding.problem(item, message, advice(message));
    }

    private static String rootMessage(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) cause = cause.getCause();
        String message = cause.getMessage();
        boolean complete = cause instanceof LinkageError || cause instanceof GradmimicException;
        return complete && message != null ? message : cause.toString();
    }

    private static String advice(String message) {
        if (message.contains("org.bytedeco.javacpp.cachedir"))
            return "name another folder: " + NativeCache.ANOTHER_FOLDER;
        Matcher library = MISSING_LIBRARY.matcher(message);
        if (library.find()) {
            return library.group(1).startsWith("libgomp")
                    ? "install the OpenMP runtime: apt-get install -y libgomp1"
                    : "install the package that contains " + library.group(1) + " (apt-file search " + library.group(1)
                            + ")";
        }
        Matcher version = MISSING_SYMBOL_VERSION.matcher(message);
        if (version.find()) {
            return "this system's C or C++ library is older than " + version.group(1)
                    + "; use Debian 12, Ubuntu 22.04 or newer";
        }
        if (message.contains("file too short") || message.contains("invalid ELF header")) {
            return "the file is damaged; delete it and start again, and it will be extracted or built again";
        }
        if (message.contains("failed to map segment") || message.contains("Operation not permitted")) {
            return "the folder is mounted noexec; name another: " + NativeCache.ANOTHER_FOLDER;
        }
        if (message.contains("No space left on device")) {
            return "a folder that libraries are unpacked into is full; make room in "
                    + System.getProperty("java.io.tmpdir")
                    + " and in the native cache, or name others: GRADMIMIC_JAVA_OPTS='-Djava.io.tmpdir=/some/folder"
                    + " -Dorg.bytedeco.javacpp.cachedir=/some/folder'";
        }
        if (message.contains("java.library.path")) {
            return "there is no native library for " + Loader.getPlatform()
                    + " on the class path; gradmimic is built for linux-x86_64, by ./gradmimic build";
        }
        return "run ./gradmimic build again; if the failure remains, report it with the output of gradmimic doctor";
    }
}
