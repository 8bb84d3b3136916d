/** Finds the wrong labels of a set of images. */
module org.gradmimic.audit {
    requires transitive org.gradmimic.train;
    requires static transitive org.jspecify;

    exports org.gradmimic.audit;
}
