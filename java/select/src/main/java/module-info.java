/** The score log, votes, label model, filters, DataComp; no LibTorch. */
module org.gradmimic.select {
    requires transitive org.gradmimic.io;
    requires static transitive org.jspecify;

    exports org.gradmimic.select;
    exports org.gradmimic.select.datacomp;
    exports org.gradmimic.select.filter;
    exports org.gradmimic.select.labelmodel;
    exports org.gradmimic.select.sample;
    exports org.gradmimic.select.score;
    exports org.gradmimic.select.uid;
    exports org.gradmimic.select.vote;
}
