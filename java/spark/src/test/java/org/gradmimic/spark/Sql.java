package org.gradmimic.spark;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.duckdb.DuckDBDriver;

/** Makes Parquet files that gradmimic would not write. */
final class Sql {

    /** A row of a score log. */
    static final String ROW = "SELECT 3::BIGINT AS sample_id, 1::INTEGER AS epoch, 7::BIGINT AS step,"
            + " 0.5::FLOAT AS score, 0.25::FLOAT AS weight, 1::FLOAT AS relative_weight, 2::FLOAT AS loss";

    private Sql() {}

    /** Writes what a query selects. */
    static Path copy(String select, Path file) throws SQLException {
        try (Connection connection = new DuckDBDriver().connect("jdbc:duckdb:", new Properties());
                Statement statement = connection.createStatement()) {
            statement.execute("COPY (" + select + ") TO '" + file + "' (FORMAT parquet)");
        }
        return file;
    }
}
