package org.gradmimic.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/** Opens DuckDB the way this module uses it: in memory, as a reader and writer of Parquet. */
public final class DuckDb {
    private static final Pattern FATAL = Pattern.compile("(?:INTERNAL|FATAL) Error");

    /** The database of all readers: to open one takes longer than to read a small file. */
    private static @Nullable DuckDBConnection readers;

    private DuckDb() {}

    /** A connection to the database that all readers share. It has no tables; nothing may be made in it. */
    static synchronized DuckDBConnection forReading() throws SQLException {
        DuckDBConnection shared = readers;
        if (shared == null) {
            shared = open();
            readers = shared;
        }
        return shared.duplicate();
    }

    /** After an internal error a database cannot be used any more; the next reader gets a new one. */
    private static synchronized void replaceAfter(String message) {
        if (FATAL.matcher(message).find()) readers = null;
    }

    /**
     * Opens a private in-memory database with one thread, so that rows keep their order and training keeps its cores.
     * It has no temporary folder: nothing here sorts or joins, so nothing may be written to the working directory. It
     * loads no extensions from the network.
     */
    public static DuckDBConnection open() throws SQLException {
        Properties settings = new Properties();
        settings.setProperty("threads", "1");
        settings.setProperty("temp_directory", "");
        settings.setProperty("autoinstall_known_extensions", "false");
        settings.setProperty("autoload_known_extensions", "false");
        // A file may be another one when it is read again.
        settings.setProperty("enable_external_file_cache", "false");
        try {
            DuckDBConnection connection = (DuckDBConnection) new DuckDBDriver().connect("jdbc:duckdb:", settings);
            Unpacked.remove();
            return connection;
        } catch (LinkageError e) {
            throw new InputException(
                    "DuckDB's native library cannot be loaded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ". It is unpacked into java.io.tmpdir ("
                            + System.getProperty("java.io.tmpdir") + "), which must be writable, allow execution and"
                            + " have 60 MB free; for another platform build with -Dduckdb.platform=..."
                            + " (linux_amd64, linux_arm64, osx_universal, windows_amd64)",
                    e);
        }
    }

    /** A path as an SQL string literal. */
    public static String literal(Path path) {
        return "'" + path.toAbsolutePath().toString().replace("'", "''") + "'";
    }

    /**
     * A path for {@code read_parquet}, which treats names as patterns: {@code a[1]} by itself would read {@code a1}.
     */
    public static String pattern(Path path) {
        return path.toAbsolutePath().toString().replaceAll("[\\[*?]", "[$0]");
    }

    /** The reason that DuckDB gives, in one line, without the statement that it quotes. */
    public static String reason(SQLException e) {
        String message = String.valueOf(e.getMessage());
        replaceAfter(message);
        int quote = message.indexOf("\n\nLINE ");
        String text = quote < 0 ? message : message.substring(0, quote);
        int wrapped = text.indexOf("\nError: ");
        if (wrapped >= 0) {
            text = text.substring(wrapped + "\nError: ".length());
        }
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    /**
     * The native library that DuckDB unpacks into {@code java.io.tmpdir} at every start, 60 MB, unless it lies beside
     * DuckDB's jar, as it does in the command line. DuckDB removes it when the JVM ends properly, and a killed process would
     * leave it behind for ever. On Linux the file is not needed once it is loaded, so it goes at once, and so does what
     * processes left that were killed while they unpacked it.
     */
    private static final class Unpacked {
        private static final Path MAPPED = Path.of("/proc/self/maps");
        private static final Pattern NAME = Pattern.compile("libduckdb_java\\d+\\.so");

        /** Nobody takes so long to unpack it. */
        private static final long OLD_MILLIS = TimeUnit.HOURS.toMillis(1);

        private static boolean removed;

        static synchronized void remove() {
            if (removed) return;
            removed = true;
            Path folder = Path.of(System.getProperty("java.io.tmpdir"));
            boolean unpacked = false;
            try (Stream<String> lines = Files.lines(MAPPED)) {
                for (String line :
                        lines.filter(text -> text.contains("libduckdb_java")).toList()) {
                    Path file = Path.of(line.substring(line.indexOf('/')));
                    if (NAME.matcher(file.getFileName().toString()).matches()
                            && Files.isSameFile(file.getParent(), folder)) {
                        unpacked |= Files.deleteIfExists(file);
                    }
                }
                if (unpacked) removeOld(folder);
            } catch (IOException | UncheckedIOException | DirectoryIteratorException e) {
                // Another system, or another user's folder: DuckDB removes the file at the end.
            }
        }

        private static void removeOld(Path folder) throws IOException {
            long limit = System.currentTimeMillis() - OLD_MILLIS;
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "libduckdb_java*.so")) {
                for (Path file : files) {
                    if (NAME.matcher(file.getFileName().toString()).matches()
                            && Files.getLastModifiedTime(file).toMillis() < limit) Files.deleteIfExists(file);
                }
            }
        }
    }
}
