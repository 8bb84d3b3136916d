/** The report of runs as an HTML page, and charts as PNG. */
@SuppressWarnings("requires-automatic") // XChart's jar has no module-info
module org.gradmimic.report {
    requires java.desktop;
    requires org.gradmimic.data;
    requires xchart;
    requires transitive org.gradmimic.select;
    requires static transitive org.jspecify;

    exports org.gradmimic.report;
    exports org.gradmimic.report.html;
}
