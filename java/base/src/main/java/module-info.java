/** What every module stands on: the root of all failures and the random generator. */
module org.gradmimic.base {
    requires jdk.management;
    requires static transitive org.jspecify;

    exports org.gradmimic.base;
}
