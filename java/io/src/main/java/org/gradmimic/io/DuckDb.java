package org.gradmimic.io;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Properties;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;
import org.gradmimic.base.InputException;

/** Opens DuckDB the way this module uses it: in memory, as a reader and writer of Parquet. */
public final class DuckDb {

    private DuckDb() {}

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
        try {
            return (DuckDBConnection) new DuckDBDriver().connect("jdbc:duckdb:", settings);
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
        int quote = message.indexOf("\n\nLINE ");
        String text = quote < 0 ? message : message.substring(0, quote);
        int wrapped = text.indexOf("\nError: ");
        if (wrapped >= 0) {
            text = text.substring(wrapped + "\nError: ".length());
        }
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
