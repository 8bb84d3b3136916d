/** Files: npy, tar, Parquet, JSON, whole-or-absent files. */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"}) // DuckDB's jar has no module-info
module org.gradmimic.io {
    requires transitive duckdb.jdbc;
    requires transitive java.sql;
    requires transitive org.gradmimic.base;
    requires static transitive org.jspecify;
    requires transitive tools.jackson.databind;

    exports org.gradmimic.io;
    exports org.gradmimic.io.npy;
    exports org.gradmimic.io.run;
    exports org.gradmimic.io.sample;
    exports org.gradmimic.io.tar;
}
