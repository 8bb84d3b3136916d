/** Data sets, image decoding, label noise. */
module org.gradmimic.data {
    requires org.bytedeco.javacpp;
    requires org.bytedeco.opencv;
    requires transitive org.gradmimic.io;
    requires static transitive org.jspecify;

    exports org.gradmimic.data;
}
