package org.gradmimic.model.caption;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import org.bytedeco.javacpp.Loader;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.OpenResources;

/**
 * Hugging Face's tokenizers, through the binding that DJL provides. This class does not use DJL's {@code
 * HuggingFaceTokenizer}, whose initialisation looks for CUDA, may download another native library or report to a
 * server, and keeps its own cache. Here the library in the jar is loaded like all others, from JavaCPP's cache.
 */
final class NativeTokenizer implements AutoCloseable {
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    private final long handle;
    private boolean closed;

    /**
     * @param json the tokenizer in the library's format
     * @throws UnsatisfiedLinkError if the library cannot be loaded on this machine
     * @throws RuntimeException if the library rejects the tokenizer
     */
    NativeTokenizer(String json) {
        load();
        handle = LIBRARY.createTokenizerFromString(json);
        OpenResources.opened();
    }

    /** Loads the library, if it is not loaded yet. Returns the file it was loaded from. */
    static String load() {
        return Loaded.PATH;
    }

    /** A separate class, so that a second call after a failure raises an error instead of trying again. */
    private static final class Loaded {
        static final String PATH = load();

        private static String load() {
            String resource = "/native/lib/" + platform();
            URL url = TokenizersLibrary.class.getResource(resource);
            if (url == null) throw new UnsatisfiedLinkError("the tokenizers' jar has no " + resource);
            try {
                File file = Loader.cacheResource(url);
                System.load(file.getAbsolutePath());
                return file.getPath();
            } catch (IOException e) {
                throw new UnsatisfiedLinkError("the tokenizers' library cannot be extracted: " + e.getMessage());
            }
        }

        private static String platform() {
            String platform = Loader.getPlatform();
            return switch (platform) {
                case "linux-x86_64" -> "linux-x86_64/cpu/libtokenizers.so";
                case "linux-arm64" -> "linux-aarch64/cpu/libtokenizers.so";
                case "macosx-arm64" -> "osx-aarch64/cpu/libtokenizers.dylib";
                default -> throw new UnsatisfiedLinkError("the tokenizers' jar has no library for " + platform);
            };
        }
    }

    /** The numbers of the tokens in a text. */
    long[] encode(String text) {
        if (closed) throw new InvalidStateException("this tokenizer is closed");
        long encoding = LIBRARY.encode(handle, text, false);
        try {
            return LIBRARY.getTokenIds(encoding);
        } finally {
            LIBRARY.deleteEncoding(encoding);
        }
    }

    /** Frees the tokenizer. A second call does nothing. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        LIBRARY.deleteTokenizer(handle);
    }
}
