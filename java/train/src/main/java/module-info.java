/** The linear probe, training of whole models, and scoring of features and models. */
module org.gradmimic.train {
    requires transitive org.gradmimic.models;
    requires transitive org.gradmimic.reshard;
    requires transitive org.gradmimic.select;
    requires static transitive org.jspecify;

    exports org.gradmimic.score;
    exports org.gradmimic.train;
    exports org.gradmimic.trainer;
}
