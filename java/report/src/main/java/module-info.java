/** Charts from score logs. */
module org.gradmimic.report {
    requires org.bytedeco.javacpp;
    requires org.bytedeco.opencv;
    requires transitive org.gradmimic.select;
    requires static transitive org.jspecify;

    exports org.gradmimic.report;
}
