/** The whole idea in one call. */
module org.gradmimic.demo {
    requires transitive org.gradmimic.report;
    requires transitive org.gradmimic.train;
    requires static transitive org.jspecify;

    exports org.gradmimic.demo;
}
