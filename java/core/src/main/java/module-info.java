/** The method over LibTorch: directions, heads, recording layers, weightings, the score table, devices. */
@SuppressWarnings("module") // the modules that see internal packages are built later
module org.gradmimic.core {
    requires org.bytedeco.cuda;
    requires org.bytedeco.openblas;
    requires transitive org.bytedeco.pytorch;
    requires transitive org.gradmimic.kernel;
    requires static transitive org.jspecify;

    exports org.gradmimic;
    exports org.gradmimic.device;
    exports org.gradmimic.layer;
    exports org.gradmimic.internal to
            org.gradmimic.models,
            org.gradmimic.train;
}
