/** WebDataset shards, tars of samples, read, and rewritten to the samples that a filter keeps. */
module org.gradmimic.reshard {
    requires transitive org.gradmimic.select;
    requires static transitive org.jspecify;

    exports org.gradmimic.reshard;
}
