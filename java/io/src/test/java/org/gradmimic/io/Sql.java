package org.gradmimic.io;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Plain SQL, the way a user without this module would look at a file. */
public final class Sql {

    private Sql() {}

    public static void execute(String sql) throws SQLException {
        try (Connection connection = DuckDb.open();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static List<List<Object>> query(String sql) throws SQLException {
        try (Connection connection = DuckDb.open();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<List<Object>> rows = new ArrayList<>();
            while (result.next()) {
                List<Object> row = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getObject(i));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    public static List<List<Object>> read(Path file) throws SQLException {
        return query("SELECT * FROM read_parquet(" + DuckDb.literal(file) + ")");
    }
}
