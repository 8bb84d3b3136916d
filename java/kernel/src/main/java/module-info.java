/** The binding of libgradmimic. Its internal packages are open to the modules that hand tensors to the library. */
@SuppressWarnings("module") // those modules are built later
module org.gradmimic.kernel {
    requires transitive org.bytedeco.javacpp;
    requires transitive org.gradmimic.base;
    requires static transitive org.jspecify;

    exports org.gradmimic.kernel;
    exports org.gradmimic.kernel.internal to
            org.gradmimic.core,
            org.gradmimic.models,
            org.gradmimic.train;
    exports org.gradmimic.kernel.internal.abi to
            org.bytedeco.javacpp,
            org.gradmimic.core,
            org.gradmimic.models,
            org.gradmimic.train;

    opens org.gradmimic.kernel.internal.presets to
            org.bytedeco.javacpp;
}
