/** ViT, ResNet and CLIP, TorchScript backbones, weights files, captions. */
@SuppressWarnings("requires-automatic") // DJL's jars have no module-info
module org.gradmimic.models {
    requires ai.djl.api;
    requires ai.djl.tokenizers;
    requires static com.microsoft.onnxruntime;
    requires org.apache.commons.compress;
    requires transitive org.gradmimic.core;
    requires transitive org.gradmimic.data;
    requires org.jsoup;
    requires static transitive org.jspecify;

    exports org.gradmimic.model;
    exports org.gradmimic.model.caption;
}
